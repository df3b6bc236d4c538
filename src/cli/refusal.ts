import { maskSecrets } from '../postgres/secrets.ts';
import type { Problem } from '../problem.ts';

/** How the one JSON document of a command begins that could not do anything. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly reason: 'problem';
  readonly message: string;
  readonly advice: string | null;
}

export function refusal({ message, details, advice }: Problem): Refusal {
  return {
    outcome: 'refused',
    reason: 'problem',
    message: maskSecrets([message, ...details].join(' ')),
    advice: advice === undefined ? null : maskSecrets(advice),
  };
}
