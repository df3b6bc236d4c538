import type {
  AlterFunctionStmt,
  CallStmt,
  CreateFunctionStmt,
  DefElem,
  FunctionParameter,
  Node,
  ObjectWithArgs,
} from '../libpg.ts';
import type { Action, ActionOf, Parameter, Signature, SqlBody } from '../action.ts';
import { callOf } from './call.ts';
import { expression } from './expression.ts';
import { listName, strings, typeName } from './name.ts';

export const FUNCTIONS: ReadonlySet<string> = new Set(['OBJECT_FUNCTION', 'OBJECT_PROCEDURE', 'OBJECT_ROUTINE']);

/** What lowers the statements of a body. */
type Lower = (node: Node) => Action;

export function createFunction(node: CreateFunctionStmt, lower: Lower): Action {
  const options = new Map(defElems(node.options).map((option) => [option.defname ?? '', option.arg]));
  const as = options.get('as');
  const body = as !== undefined && 'List' in as ? (strings(as.List.items)[0] ?? null) : null;
  return {
    kind: 'create-function',
    name: listName(node.funcname),
    orReplace: node.replace === true,
    // A body without LANGUAGE is the SQL standard's own (BEGIN ATOMIC or RETURN).
    language: word(options.get('language'))?.toLowerCase() ?? 'sql',
    volatility: volatilityOf(options.get('volatility')),
    parameters: (node.parameters ?? []).flatMap((item) =>
      'FunctionParameter' in item ? [parameter(item.FunctionParameter)] : [],
    ),
    returns: returns(node),
    strict: isOn(options.get('strict')),
    securityDefiner: isOn(options.get('security')),
    configured: options.has('set'),
    body,
    standardBody: node.sql_body === undefined ? null : standardBody(node.sql_body, lower),
  };
}

/** The body of a function in SQL from its statements. */
export function sqlBody(nodes: readonly Node[], lower: Lower): SqlBody {
  const [only] = nodes;
  return { actions: nodes.map(lower), returned: nodes.length === 1 ? returned(only) : null };
}

export function alterFunction({ func, actions }: AlterFunctionStmt): Action {
  const options = new Map(defElems(actions).map((option) => [option.defname ?? '', option.arg]));
  return {
    kind: 'alter-function',
    function: signature(func),
    change: {
      ...(options.has('volatility') ? { volatility: volatilityOf(options.get('volatility')) } : {}),
      ...(options.has('strict') ? { strict: isOn(options.get('strict')) } : {}),
      ...(options.has('security') ? { securityDefiner: isOn(options.get('security')) } : {}),
      ...(options.has('set') ? { configured: true } : {}),
    },
  };
}

/** Null where it is not a function that is meant. */
export function changedFunction(
  object: Node | undefined,
  change: ActionOf<'alter-function'>['change'],
): ActionOf<'alter-function'> | null {
  if (object === undefined || !('ObjectWithArgs' in object)) return null;
  return { kind: 'alter-function', function: signature(object.ObjectWithArgs), change };
}

export function signature(object: ObjectWithArgs | undefined): Signature {
  const types = (object?.objargs ?? []).flatMap((item) => ('TypeName' in item ? [typeName(item.TypeName)] : []));
  return { name: listName(object?.objname), arguments: object?.args_unspecified === true ? null : types };
}

export function call({ funccall }: CallStmt): Action {
  return { kind: 'call', call: callOf(funccall ?? {}) };
}

function defElems(nodes: readonly Node[] | undefined): DefElem[] {
  return (nodes ?? []).flatMap((item) => ('DefElem' in item ? [item.DefElem] : []));
}

function parameter({ name, argType, mode, defexpr }: FunctionParameter): Parameter {
  return {
    name: name ?? null,
    type: typeName(argType),
    mode: MODES[mode ?? 'FUNC_PARAM_DEFAULT'],
    hasDefault: defexpr !== undefined,
  };
}

const MODES = {
  FUNC_PARAM_DEFAULT: 'in',
  FUNC_PARAM_IN: 'in',
  FUNC_PARAM_INOUT: 'inout',
  FUNC_PARAM_OUT: 'out',
  FUNC_PARAM_TABLE: 'table',
  FUNC_PARAM_VARIADIC: 'variadic',
} as const;

function returns({ is_procedure, returnType }: CreateFunctionStmt): ActionOf<'create-function'>['returns'] {
  if (is_procedure === true) return 'procedure';
  if (returnType?.setof === true) return 'set';
  const { name } = typeName(returnType);
  return name === 'void' || name === 'trigger' ? name : 'value';
}

function volatilityOf(node: Node | undefined): 'immutable' | 'stable' | 'volatile' {
  const value = word(node);
  return value === 'immutable' || value === 'stable' ? value : 'volatile';
}

function word(node: Node | undefined): string | null {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : null;
}

function isOn(node: Node | undefined): boolean {
  return node !== undefined && 'Boolean' in node && node.Boolean.boolval === true;
}

function standardBody(body: Node, lower: Lower): SqlBody {
  if ('ReturnStmt' in body)
    return { actions: [lower(selectOf(body.ReturnStmt.returnval))], returned: expression(body.ReturnStmt.returnval) };
  const [block] = 'List' in body ? (body.List.items ?? []) : [];
  return sqlBody(block !== undefined && 'List' in block ? (block.List.items ?? []) : [], lower);
}

function selectOf(value: Node | undefined): Node {
  return { SelectStmt: { targetList: [{ ResTarget: value === undefined ? {} : { val: value } }], op: 'SETOP_NONE' } };
}

/** https://www.postgresql.org/docs/current/xfunc-sql.html; what inline_function() of the planner takes: one SELECT of one value, and nothing else. */
function returned(node: Node | undefined): SqlBody['returned'] {
  if (node === undefined) return null;
  if ('ReturnStmt' in node) return expression(node.ReturnStmt.returnval);
  if (!('SelectStmt' in node)) return null;
  const { targetList = [], limitOption: _, op: __, ...rest } = node.SelectStmt;
  const [target] = targetList;
  if (Object.keys(rest).length > 0 || targetList.length !== 1) return null;
  return target !== undefined && 'ResTarget' in target ? expression(target.ResTarget.val) : null;
}
