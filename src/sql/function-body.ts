import type { ActionOf, FunctionCall, Parameter, SqlBody, TypeName } from './action.ts';
import type { Code } from './code.ts';
import { text, type Value } from './computed-text.ts';
import { parse } from './libpg.ts';
import { sqlBody } from './lower/function.ts';
import { lowerStatement } from './lower/statement.ts';
import { readPlpgsql } from './plpgsql.ts';

type Definition = Omit<ActionOf<'create-function'>, 'kind' | 'orReplace'>;

/** What a DO block runs. */
export function readDo({ language, body }: ActionOf<'do'>): Code {
  if (language !== 'plpgsql') return { kind: 'unreadable', reason: `it is written in ${language}, which is not read` };
  const quote = dollarQuote(body);
  return readPlpgsql(`DO ${quote}${body}${quote}`);
}

/** What a call of a function runs; EXECUTE may be built from constants that the call gives. */
export function readFunction(definition: Definition, call: FunctionCall | null): Code {
  if (definition.language === 'plpgsql') return readPlpgsqlFunction(definition, call);
  if (definition.language === 'sql') {
    const body = readSqlFunction(definition);
    if (body === null) return { kind: 'unreadable', reason: 'its body does not parse' };
    const steps = body.actions.map((action) => ({ ...STATEMENT, text: '', action }));
    return { kind: 'read', steps, endsTransaction: false };
  }
  if (definition.language === 'internal') return { kind: 'read', steps: [], endsTransaction: false };
  return { kind: 'unreadable', reason: `it is written in ${definition.language}, which is not read` };
}

const STATEMENT = { line: 1, unread: null, named: true, certain: true, computes: false } as const;

/** The body of a function in SQL; null where it does not parse. */
export function readSqlFunction({ body, standardBody }: Definition): SqlBody | null {
  if (standardBody !== null) return standardBody;
  const outcome = parse(body ?? '');
  if (!outcome.ok) return null;
  return sqlBody(
    outcome.stmts.flatMap(({ stmt }) => (stmt === undefined ? [] : [stmt])),
    (node) => lowerStatement(node).action,
  );
}

function readPlpgsqlFunction(definition: Definition, call: FunctionCall | null): Code {
  const { parameters, returns } = definition;
  const body = definition.body ?? '';
  const quote = dollarQuote(body);
  const listed = parameters.filter(({ mode }) => mode !== 'table').map(declaration);
  const head = `${returns === 'procedure' ? 'PROCEDURE' : 'FUNCTION'} f(${listed.join(', ')}) ${result(definition)}`;
  const known = new Map<string, Value>();
  const inputs = parameters.filter(({ mode }) => mode === 'in' || mode === 'inout');
  for (const [at, { name }] of inputs.entries()) {
    const given = call?.arguments[at];
    if (typeof given !== 'string') continue;
    known.set(`$${at + 1}`, text(given));
    if (name !== null) known.set(name, text(given));
  }
  return readPlpgsql(`CREATE ${head} LANGUAGE plpgsql AS ${quote}${body}${quote}`, known);
}

const MODES = { in: 'IN', inout: 'INOUT', out: 'OUT', variadic: 'VARIADIC', table: '' } as const;

function declaration({ mode, name, type }: Parameter): string {
  return `${MODES[mode]} ${name === null ? '' : quoted(name)} ${typeText(type)}`;
}

/** What RETURN may stand with depends on it. */
function result({ parameters, returns }: Definition): string {
  const out = parameters.filter(({ mode }) => mode === 'out' || mode === 'inout');
  const columns = parameters.filter(({ mode }) => mode === 'table');
  const [only] = out;
  switch (returns) {
    case 'procedure':
      return '';
    case 'set':
      if (columns.length > 0)
        return `RETURNS TABLE (${columns.map(({ name, type }) => `${quoted(name ?? '')} ${typeText(type)}`).join(', ')})`;
      return `RETURNS SETOF ${only !== undefined && out.length === 1 ? typeText(only.type) : 'record'}`;
    case 'trigger':
    case 'void':
      return `RETURNS ${returns}`;
    case 'value':
      return out.length > 0 ? '' : 'RETURNS text';
  }
}

function typeText({ schema, name, array }: TypeName): string {
  return `${schema === null ? '' : `${quoted(schema)}.`}${quoted(name)}${array ? '[]' : ''}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function dollarQuote(body: string): string {
  let tag = '$body$';
  for (let number = 1; body.includes(tag); number += 1) tag = `$body${number}$`;
  return tag;
}
