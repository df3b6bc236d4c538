import { createHash } from 'node:crypto';
import { closest } from '../closest.ts';
import { Problem } from '../problem.ts';
import { type BatchStatement, readBatchStatement } from '../sql/batch-statement.ts';
import { codeTokens } from '../sql/code-tokens.ts';
import { notForServer } from '../sql/not-for-server.ts';
import { parseScript } from '../sql/script.ts';
import type { Script } from '../sql/statement.ts';
import { addSetting, readSetting, repeats, SETTING_NAMES, type SettingName, type Settings } from './settings.ts';

/** What a backfill is to do, as its file says. */
export interface BackfillSpec {
  readonly name: string;
  /** As given; null when the statement comes from the database. */
  readonly path: string | null;
  readonly statement: BatchStatement;
  /** SHA-256 of the statement's tokens: comments and white space may change. */
  readonly statementHash: string;
  /** null for the primary key. */
  readonly keyColumns: readonly string[] | null;
  /** What the header sets. */
  readonly settings: Partial<Settings>;
}

export interface BackfillFile {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

const MARK = 'tiptoe:backfill';

/** Reads a backfill file; needs `loadParser()`. Throws one Problem (exit 2) with everything that is wrong in it. */
export function readSpec(file: BackfillFile, variables: Readonly<Record<string, string>> = {}): BackfillSpec {
  const script = parseScript(file.path, file.text, variables);
  const { keyColumns, settings, errors } = readHeader(script);
  if (errors.length > 0) {
    throw new Problem(`${file.path}: ${errors.join('; ')}.`, {
      advice: `The header is -- ${MARK}, then one -- name: value a line; names are key, ${SETTING_NAMES.join(', ')}.`,
    });
  }
  const sql = onlyStatement(script, file.path);
  return { name: file.name, path: file.path, keyColumns, settings, ...readStatement(sql, file.path) };
}

/** A statement kept in the database, read again. `origin` begins the message of the Problem that it throws. */
export function readStatement(sql: string, origin: string): Pick<BackfillSpec, 'statement' | 'statementHash'> {
  const statement = readBatchStatement(sql);
  if (statement.kind === 'refused') {
    throw new Problem(`${origin}: the statement ${statement.reason}, and cannot run as a backfill.`, {
      advice: statement.advice,
    });
  }
  const tokens = codeTokens(statement.text).map(({ text }) => text);
  return { statement, statementHash: createHash('sha256').update(tokens.join('\n')).digest('hex') };
}

function onlyStatement(script: Script, path: string): string {
  const { source, statements, faults } = script;
  const unsendable = notForServer(script);
  if (unsendable !== null) {
    const { line, column } = source.position(unsendable.offset);
    throw new Problem(`${path}:${line}:${column}: it has ${unsendable.what}.`, { advice: unsendable.advice });
  }
  const [fault] = faults;
  if (fault !== undefined) {
    const { line, column } = source.position(fault.offset);
    throw new Problem(`${path}:${line}:${column}: ${fault.message}.`, {
      advice: `tiptoe lint ${path} shows it in place.`,
    });
  }
  const [statement] = statements;
  if (statement === undefined || statements.length > 1) {
    const lines = statements.map(({ range }) => source.position(range.start).line);
    const found = lines.length === 0 ? 'no statement' : `${lines.length} statements (lines ${lines.join(', ')})`;
    throw new Problem(`${path} has ${found}; a backfill is exactly one UPDATE, DELETE or INSERT … SELECT.`, {
      advice: 'Give each statement a .backfill.sql file of its own.',
    });
  }
  return statement.text;
}

interface Header {
  readonly keyColumns: readonly string[] | null;
  readonly settings: Partial<Settings>;
  readonly errors: readonly string[];
}

/** The comment lines that follow the mark without a gap. Settings anywhere else before the statement are errors, not silently lost. */
function readHeader({ source, statements, faults }: Script): Header {
  const starts = [...statements, ...faults].map(({ range }) => source.position(range.start).line);
  const end = Math.min(source.lineCount + 1, ...starts);
  let settings: Partial<Settings> = {};
  let keyColumns: readonly string[] | null = null;
  const errors: string[] = [];
  const seen = new Set<string>();
  let inside = false;
  for (let number = 1; number < end; number += 1) {
    const comment = /^\s*--\s*(.*?)\s*$/.exec(source.line(number))?.[1];
    if (comment === MARK) {
      inside = true;
      continue;
    }
    const [, name = '', value = ''] = /^([A-Za-z][\w-]*)\s*:\s*(.*)$/.exec(comment ?? '') ?? [];
    if (comment === undefined) inside = false;
    // Other directives of ours, such as tiptoe:requires and tiptoe-disable-file.
    if (name.startsWith('tiptoe')) continue;
    if (!inside) {
      if (isKnown(name)) errors.push(`line ${number}: ${name} is set outside of the header, which -- ${MARK} begins`);
      continue;
    }
    const error = comment === '' ? null : readLine(name, value);
    if (error !== null) errors.push(`line ${number}: ${error}`);
  }
  return { keyColumns, settings, errors };

  function readLine(name: string, value: string): string | null {
    if (name === '') return 'not of the form name: value';
    if (!isKnown(name)) {
      const meant = closest(name, [...SETTING_NAMES, 'key']);
      return `unknown setting ${name}${meant === null ? '' : `, did you mean ${meant}?`}`;
    }
    if (seen.has(name) && (name === 'key' || !repeats(name))) return `${name} is set twice`;
    seen.add(name);
    if (name === 'key') {
      keyColumns = readKey(value);
      return keyColumns === null ? `key is ${KEY_EXPECTED}, not '${value}'` : null;
    }
    const read = readSetting(name, value);
    if (typeof read === 'string') return `${name} is ${read}, not '${value}'`;
    settings = addSetting(settings, read);
    return null;
  }
}

const KEY_EXPECTED = "one column or several, comma-separated, such as 'id' or 'tenant_id, id'";

/** Column names, folded and unquoted as in SQL; null where the text is something else. */
export function readKey(text: string): readonly string[] | null {
  const columns = text.split(',').map((part) => {
    const [, plain, quoted] =
      /^\s*(?:([A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*)|"((?:[^"]|"")+)")\s*$/.exec(part) ?? [];
    return plain?.toLowerCase() ?? quoted?.replaceAll('""', '"');
  });
  const known = columns.filter((column) => column !== undefined);
  return known.length === columns.length && new Set(known).size === known.length ? known : null;
}

function isKnown(name: string): name is SettingName | 'key' {
  return name === 'key' || SETTING_NAMES.some((known) => known === name);
}
