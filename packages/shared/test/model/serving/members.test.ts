import { expect, it } from 'vitest';
import { askFor, beginServing } from '../../../src/model/serving/document.js';
import { type Member, settleNext } from '../../../src/model/serving/members.js';

const BEGINNING = beginServing({ bundle: '/a', id: 'a@000000000000', generation: 1 }, 0);
const ASKED = askFor(BEGINNING, { kind: 'promote', head: { bundle: '/b', id: 'b@000000000000', manifestGeneration: 1 } }, 1000);
const member = (id: string, over: Partial<Member> = {}): Member => ({
  id,
  startedAt: 0,
  saidAt: 0,
  applied: 0,
  serving: BEGINNING.current,
  ...over,
});

it('waits until every instance is prepared, and then comes into force', () => {
  expect(settleNext(ASKED, [member('m1', { prepared: 1 }), member('m2')], 2000)).toBe(ASKED);
  expect(settleNext(ASKED, [member('m1', { prepared: 1 }), member('m2', { prepared: 1 })], 2000)).toMatchObject({
    applied: 1,
    current: { active: { id: 'b@000000000000', generation: 2 } },
  });
});

it('comes into force at once where no instance is at work', () => {
  expect(settleNext(ASKED, [], 2000)).toMatchObject({ applied: 1 });
});

it('is dropped as soon as one instance cannot take it, with the reason of each, whatever the others say', () => {
  const members = [member('m1', { prepared: 1 }), member('m2', { problem: { change: 1, what: 'broken' } }), member('m3')];
  expect(settleNext(ASKED, members, 2000)).toMatchObject({
    applied: 0,
    current: BEGINNING.current,
    rejected: { change: { number: 1 }, reasons: [{ member: 'm2', what: 'broken' }], at: 2000 },
  });
});

it('takes no notice of a problem with an earlier change', () => {
  expect(settleNext(ASKED, [member('m1', { problem: { change: 0, what: 'old' } })], 2000)).toBe(ASKED);
});

it('is dropped when an instance hangs with it', () => {
  const hanging = [member('m1', { prepared: 1 }), member('m2')];
  expect(settleNext(ASKED, hanging, 1000 + 11 * 60_000)).toMatchObject({ rejected: { reasons: [{ member: 'm2' }] } });
});

it('leaves a document without a next change as it is', () => {
  expect(settleNext(BEGINNING, [member('m1')], 2000)).toBe(BEGINNING);
});
