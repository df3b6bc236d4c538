import type { SqlFailure } from '../db/errors.ts';
import { fromCodePoints } from '../sql/offsets.ts';
import { SourceText } from '../sql/source-text.ts';
import { fillVariables } from '../sql/variables.ts';
import type { Script, Statement, SyntaxFault } from '../sql/statement.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { hideSecrets, maskSecretsOf } from '../postgres/secrets.ts';
import type { StatementFailure } from './result.ts';

/** What the server said against a statement, at its place in the file. */
export function serverFailure(
  script: Script,
  statement: Statement,
  error: SqlFailure,
  variables: Readonly<Record<string, string>>,
): StatementFailure {
  return at(script, statement.index, offsetOf(script, statement, error.position, variables), {
    sqlstate: error.sqlstate,
    message: maskSecretsOf(statement.text, error.message),
    detail: error.detail === undefined ? null : maskSecretsOf(statement.text, error.detail),
    hint: error.hint === undefined ? (OUR_HINTS[error.sqlstate] ?? null) : maskSecretsOf(statement.text, error.hint),
  });
}

/** A failure that is ours to tell, at the start of a statement. */
export function ownFailure(
  script: Script,
  statement: Statement,
  message: string,
  hint: string | null,
): StatementFailure {
  return at(script, statement.index, statement.range.start, { sqlstate: null, message, detail: null, hint });
}

/** A failure that is ours to tell, in a comment. */
export function placeFailure(script: Script, offset: number, message: string, hint: string): StatementFailure {
  const next = script.statements.findIndex(({ range }) => range.end > offset);
  return at(script, Math.max(0, next), offset, { sqlstate: null, message, detail: null, hint });
}

export function syntaxFailure(script: Script, fault: SyntaxFault): StatementFailure {
  return at(script, fault.index, fault.offset, {
    sqlstate: SQLSTATE.syntax_error,
    message: maskSecretsOf(script.source.text, fault.message),
    detail: null,
    hint: null,
  });
}

const OUR_HINTS: Readonly<Record<string, string>> = {
  [SQLSTATE.active_sql_transaction]:
    'Write -- tiptoe:transaction none at the top of the file to run it outside of a transaction.',
  [SQLSTATE.invalid_transaction_termination]:
    'Write -- tiptoe:transaction none at the top of the file to run it outside of a transaction.',
};

function at(
  { source }: Script,
  statement: number,
  offset: number,
  said: Pick<StatementFailure, 'sqlstate' | 'message' | 'detail' | 'hint'>,
): StatementFailure {
  const { line, column } = source.position(offset);
  const sourceLine = new SourceText(source.path, hideSecrets(source.text)).line(line);
  return { path: source.path, line, column, sourceLine, statement, ...said };
}

/** The server counts code points of what was sent, from 1; without a position, the statement's start. */
function offsetOf(
  { source }: Script,
  { text, range }: Statement,
  position: number | undefined,
  variables: Readonly<Record<string, string>>,
): number {
  if (position === undefined) return range.start;
  const units = fromCodePoints(text)(position - 1);
  return range.start + fillVariables(source.text.slice(range.start, range.end), variables).toOriginal(units);
}
