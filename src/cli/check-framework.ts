import { frameworks } from '../frameworks/list.ts';
import { AUTO, NONE } from '../migrate/tool.ts';
import { Problem } from '../problem.ts';

/** Throws where no tool has that name. */
export async function checkFramework(name: string): Promise<void> {
  const names = [...frameworks.map(({ name }) => name), AUTO, NONE];
  if (names.includes(name)) return;
  const { closest } = await import('../closest.ts');
  const guess = closest(name, names);
  throw new Problem(`there is no framework '${name}'${guess === null ? '' : `, did you mean '${guess}'?`}`, {
    advice: `Known are ${names.join(', ')}.`,
  });
}
