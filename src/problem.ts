/**
 * A failure that a person can act on: one line that says what and where, and what to do next.
 * Everything else that is thrown is a bug of ours and is shown as one.
 */
export class Problem extends Error {
  /** 1: findings or a failed run; 2: wrong usage, input or environment; 3: stopped safely, run again to continue. */
  readonly exitCode: 1 | 2 | 3;
  readonly advice: string | undefined;
  /** Where there is more than one thing to tell, each of them. */
  readonly details: readonly string[];

  constructor(
    message: string,
    options: { exitCode?: 1 | 2 | 3; advice?: string; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.exitCode = options.exitCode ?? 2;
    this.advice = options.advice;
    this.details = options.details ?? [];
  }
}
