import { expect, test } from 'vitest';
import { highlight } from '../../src/report/highlight.ts';
import { plainStyle } from '../../src/report/style.ts';

const style = {
  ...plainStyle,
  dim: (text: string) => `<c>${text}</c>`,
  green: (text: string) => `<s>${text}</s>`,
  cyan: (text: string) => `<k>${text}</k>`,
};

test('keywords, strings and comments are told apart, and names are left as they are', () => {
  expect(highlight(`ALTER TABLE "select" ADD note text DEFAULT 'table'; -- select`, style)).toEqual([
    `<k>ALTER</k> <k>TABLE</k> "select" <k>ADD</k> note text <k>DEFAULT</k> <s>'table'</s>; <c>-- select</c>`,
  ]);
});

test('what spans lines is coloured on each of them', () => {
  expect(highlight(`/* a\n b */ select $$x\ny$$`, style)).toEqual([
    '<c>/* a</c>',
    '<c> b */</c> <k>select</k> <s>$$x</s>',
    '<s>y$$</s>',
  ]);
});
