import { describe, expect, test } from 'vitest';
import { DEFAULT_TEMPLATES, fill, parseTemplates } from '../../src/zero-shot/templates.js';

describe('parseTemplates', () => {
  test('takes one template a line', () => {
    expect(parseTemplates('a {label}\r\n{label} on white\n', 'templates.txt')).toEqual(['a {label}', '{label} on white']);
    expect(parseTemplates(DEFAULT_TEMPLATES.join('\n'), 'templates.txt')).toEqual(DEFAULT_TEMPLATES);
  });

  test.each([
    ['nothing', '', /^templates\.txt has no template\.$/],
    ['a line without the place of the label', 'a {label}\na picture', /line 2 lacks \{label\}/],
    ['an empty line', 'a {label}\n\nthe {label}', /line 2 lacks \{label\}/],
    ['a repeated line', 'a {label}\nthe {label}\na {label}', /line 3 repeats line 1/],
  ])('refuses %s', (_, text, message) => {
    const parse = () => parseTemplates(text, 'templates.txt');
    expect(parse).toThrow(expect.objectContaining({ code: 'SOURCE_INVALID', message: expect.stringMatching(message) }));
  });
});

test('a label is put in as it is, dollar signs included', () => {
  expect(fill('a {label}, only {label}', '$& shoe')).toBe('a $& shoe, only $& shoe');
});
