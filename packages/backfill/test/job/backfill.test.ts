import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BackfillAction, type BackfillState, isActive, isBackfillName, nextState } from '../../src/job/backfill.js';

const STATES: readonly BackfillState[] = ['planning', 'running', 'paused', 'done', 'failed', 'cancelled'];
const ACTIONS: readonly BackfillAction[] = ['pause', 'resume', 'cancel', 'retry'];

describe('the states of a backfill', () => {
  it('that are final stay as they are, whatever is asked for', () => {
    for (const state of ['done', 'cancelled'] as const)
      for (const action of ACTIONS) expect([state, action, nextState(state, action, true)]).toEqual([state, action, null]);
  });

  it('lead to an end or to work from everywhere: nothing is stuck', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ACTIONS), { maxLength: 20 }), fc.boolean(), (actions, wasStarted) => {
        let state: BackfillState = wasStarted ? 'running' : 'planning';
        for (const action of actions) state = nextState(state, action, wasStarted) ?? state;
        if (state === 'paused') state = nextState(state, 'resume', wasStarted) ?? state;
        expect(state === 'cancelled' || state === (wasStarted ? 'running' : 'planning')).toBe(true);
      }),
    );
  });

  it('go on with the plan where it was not finished, else with the ranges', () => {
    expect([nextState('paused', 'resume', false), nextState('paused', 'resume', true)]).toEqual(['planning', 'running']);
    expect([nextState('failed', 'retry', false), nextState('failed', 'retry', true)]).toEqual(['planning', 'running']);
  });

  it('are worked on or held, or have ended', () => {
    expect(STATES.filter(isActive)).toEqual(['planning', 'running', 'paused']);
  });
});

describe('the name of a backfill', () => {
  it('is short and plain', () => {
    for (const name of ['a', 'catalogue.csv-20260131-120000', 'A_1', 'x'.repeat(64)])
      expect([name, isBackfillName(name)]).toEqual([name, true]);
    for (const name of ['', '-x', '.x', 'a b', 'a:b', 'a/b', '{a}', 'ä', 'x'.repeat(65)])
      expect([name, isBackfillName(name)]).toEqual([name, false]);
  });
});
