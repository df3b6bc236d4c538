import type { Job } from './job.ts';

/** What running it in batches changes in the meaning of a statement, for whoever wrote it; the start goes on. */
export function batchCautions({ statement, target }: Job): string[] {
  // An INSERT that looks whether a row is there already means just that.
  if (!statement.readsItself || statement.command === 'insert') return [];
  return [
    `the statement reads ${target.shown}, which it changes: each batch finds there what the batches before it have done, so that its rows may become others than by the statement run at once; if one row's value depends on another row that is changed, put what it reads into a table of its own first`,
  ];
}

/** What is not known of rows that are inserted while it runs; nothing where the WHERE tells. */
export function meanwhileCaution({ statement: { progress }, target }: Job): string[] {
  if (progress.kind === 'tells') return [];
  return [
    `nothing tells which rows of ${target.shown} are done (${progress.reason}): rows that come behind the walk while it runs stay as they are, and the unbroken chain of checkpoints will be the proof`,
  ];
}
