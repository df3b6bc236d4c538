import { isOwnFunction } from '../postgres/function-names.ts';
import type { Action, ActionOf, FunctionCall } from '../sql/action.ts';
import type { Code, CodeStep } from '../sql/code.ts';
import { readDo, readFunction } from '../sql/function-body.ts';
import { type Catalog, keyOf } from './catalog.ts';
import { calledFunctions } from './functions.ts';

/** Code that a statement runs. */
export interface Running {
  /** As in `line 3 of …`; null for what the statement itself says elsewhere. */
  readonly of: string | null;
  /** The same object for the same call. */
  readonly code: Code;
}

/**
 * The code that a statement runs beside itself: that of DO, of functions called by SELECT and CALL, of EXECUTE. Functions in the
 * expressions of DML, defaults and triggers are not followed.
 */
export function codeOf(catalog: Catalog, action: Action, computes: boolean = false): readonly Running[] {
  switch (action.kind) {
    case 'do':
      return [{ of: 'the DO block', code: codeOfDo(action) }];
    case 'call':
      return called(catalog, action.call, false);
    case 'select':
      return action.functions.flatMap((call) => called(catalog, call, computes));
    case 'execute': {
      const prepared = catalog.prepared.get(action.name);
      if (prepared === undefined)
        return [unreadable(`EXECUTE ${action.name}: the file does not show what was prepared`)];
      return [{ of: null, code: statement(prepared) }];
    }
    case 'explain':
      return action.analyze ? [{ of: null, code: statement(action.action) }] : [];
    default:
      return [];
  }
}

function codeOfDo(action: ActionOf<'do'>): Code {
  return cached(action, '', () => readDo(action));
}

/** Whether a DO block commits or rolls back, which PostgreSQL refuses in a transaction block. */
export function endsTransaction(action: ActionOf<'do'>): boolean {
  if (!/\b(?:commit|rollback)\b/i.test(action.body)) return false;
  const code = codeOfDo(action);
  return code.kind === 'read' && code.endsTransaction;
}

function called(catalog: Catalog, call: FunctionCall, computes: boolean): Running[] {
  const known = calledFunctions(catalog, call);
  const name = call.schema === null ? call.name : keyOf(call.schema, call.name);
  if (known.length === 0)
    return computes || isOwnFunction(call) ? [] : [unreadable(`calls ${name}(), whose body the history does not show`)];
  return known.map((info) => ({
    of: `function ${keyOf(info.name.schema, info.name.name)}`,
    code: cached(info, JSON.stringify(call.arguments), () => readFunction(info, call)),
  }));
}

function unreadable(reason: string): Running {
  return { of: null, code: { kind: 'unreadable', reason } };
}

function statement(action: Action): Code {
  const step: CodeStep = { line: 1, text: '', action, unread: null, named: true, certain: true, computes: false };
  return { kind: 'read', steps: [step], endsTransaction: false };
}

/** Code is read once, and only when something runs it. */
const codes = new WeakMap<object, Map<string, Code>>();

function cached(owner: object, key: string, read: () => Code): Code {
  const known = codes.get(owner) ?? new Map<string, Code>();
  codes.set(owner, known);
  const code = known.get(key) ?? read();
  known.set(key, code);
  return code;
}
