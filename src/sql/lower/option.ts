import type { DefElem, Node } from '../libpg.ts';

/** Whether an option such as CONCURRENTLY or FULL is there and not switched off. */
export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((item) => 'DefElem' in item && item.DefElem.defname === name && isOn(item.DefElem));
}

/** `VACUUM (FULL false)` is a way to say no. */
function isOn({ arg }: DefElem): boolean {
  if (arg === undefined) return true;
  if ('String' in arg) return !['false', 'off', '0'].includes(arg.String.sval ?? '');
  if ('Integer' in arg) return (arg.Integer.ival ?? 0) !== 0;
  if ('Boolean' in arg) return arg.Boolean.boolval === true;
  return true;
}

export function textOption(options: readonly DefElem[], name: string): string | null {
  const arg = options.find((option) => option.defname === name)?.arg;
  return arg !== undefined && 'String' in arg ? (arg.String.sval ?? '') : null;
}
