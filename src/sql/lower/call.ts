import type { FuncCall, Node } from '../libpg.ts';
import type { FunctionCall } from '../action.ts';
import { listName } from './name.ts';

export function callOf({ funcname, args = [] }: FuncCall): FunctionCall {
  const { schema, name } = listName(funcname);
  return { schema, name, arguments: args.map(constant) };
}

/** The text of a constant, a cast of one included: `'users'::regclass`. */
function constant(node: Node): string | null {
  if ('TypeCast' in node && node.TypeCast.arg !== undefined) return constant(node.TypeCast.arg);
  if ('NamedArgExpr' in node || !('A_Const' in node)) return null;
  const { sval, ival, fval, boolval, isnull } = node.A_Const;
  if (isnull === true) return null;
  if (sval !== undefined) return sval.sval ?? '';
  if (fval !== undefined) return fval.fval ?? '';
  return boolval === undefined ? String(ival?.ival ?? 0) : String(boolval.boolval === true);
}
