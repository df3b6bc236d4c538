import { readFileSync } from 'node:fs';
import type { Node } from 'jsonc-parser';
import { Problem } from '../problem.ts';
import type { ConfigFile } from './config-file.ts';
import { whyUnreadable } from './unreadable.ts';

/** A way down into a config: names of settings, and places in lists. */
export type KeyPath = readonly (string | number)[];

/** What a config file holds. */
export interface ConfigContent {
  readonly value: unknown;
  /** Finds the line of a setting; null where the file is code. */
  readonly places: () => Promise<(path: KeyPath) => number | null>;
}

/** Reads a config file; what a kind needs to be read is loaded for that kind alone. */
export async function readContent(file: ConfigFile, { code }: { readonly code: boolean }): Promise<ConfigContent> {
  switch (file.kind) {
    case 'code': {
      if (!code) throw new Problem(`${file.shown} is code, and --no-code refuses to run it.`, { advice: INSTEAD });
      // A file that is not there is told as such.
      readText(file);
      const { loadCode } = await import('./load-code.ts');
      return { value: await loadCode(file), places: () => Promise.resolve(() => null) };
    }
    case 'yaml':
      return readYaml(file);
    case 'jsonc':
      return readJsonc(file);
    case 'json':
      return readJson(file, []);
    case 'package': {
      const content = await readJson(file, ['tiptoe']);
      const manifest = content.value as { readonly tiptoe?: unknown } | null;
      if (manifest?.tiptoe !== undefined) return { ...content, value: manifest.tiptoe };
      throw new Problem(`${file.shown} has no key "tiptoe".`, { advice: 'Add it, or name another file.' });
    }
  }
}

const INSTEAD = 'Write the config as JSON or YAML, or leave out --no-code where the code is trusted.';

function readText({ path, shown }: ConfigFile): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Problem(`cannot read the config file ${shown}: ${whyUnreadable(error)}.`, {
      advice: 'Give a file that can be read with --config.',
      cause: error,
    });
  }
}

/** `below` is where the config begins in the file. */
async function readJson(file: ConfigFile, below: KeyPath): Promise<ConfigContent> {
  const text = readText(file);
  const places = async (): Promise<(path: KeyPath) => number | null> => {
    const { parseTree } = await import('jsonc-parser');
    const tree = parseTree(text);
    return (path) => jsonLine(text, tree, [...below, ...path]);
  };
  try {
    return { value: JSON.parse(text), places };
  } catch (error) {
    const { errors } = await parseJsonc(text, { disallowComments: true });
    const [first] = errors;
    const where = first === undefined ? '' : ` (line ${lineAt(text, first.offset)})`;
    const message = first?.message ?? (error instanceof Error ? error.message : String(error));
    throw new Problem(`${file.shown} is not JSON: ${message}${where}.`, {
      advice:
        first?.message === COMMENT ? 'Remove the comment, or call the file tiptoe.config.jsonc.' : 'Correct the file.',
      cause: error,
    });
  }
}

async function readJsonc(file: ConfigFile): Promise<ConfigContent> {
  const text = readText(file);
  const { value, tree, errors } = await parseJsonc(text, { allowTrailingComma: true });
  if (errors.length > 0) {
    throw new Problem(`${file.shown} is not JSON with comments.`, {
      details: errors.map(({ message, offset }) => `${file.shown}:${lineAt(text, offset)}: ${message}`),
      advice: 'Correct the file.',
    });
  }
  return { value, places: () => Promise.resolve((path) => jsonLine(text, tree, path)) };
}

const COMMENT = 'invalid comment token';

async function parseJsonc(
  text: string,
  options: { readonly disallowComments?: boolean; readonly allowTrailingComma?: boolean },
): Promise<{ value: unknown; tree: Node | undefined; errors: { message: string; offset: number }[] }> {
  const { getNodeValue, parseTree, printParseErrorCode } = await import('jsonc-parser');
  const found: { error: number; offset: number; length: number }[] = [];
  const tree = parsedTree(() => parseTree(text, found, options));
  const errors = found.map(({ error, offset }) => ({
    // `InvalidCommentToken`
    message: printParseErrorCode(error)
      .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toLowerCase(),
    offset,
  }));
  return { value: tree === undefined ? undefined : (getNodeValue(tree) as unknown), tree, errors };
}

function parsedTree(parse: () => Node | undefined): Node | undefined {
  try {
    return parse();
  } catch (error) {
    // Deeper than the stack.
    if (error instanceof RangeError) throw new Problem('the config is nested too deeply.', { cause: error });
    throw error;
  }
}

/** The line of a setting's name, or of an entry of a list; of what is not there, of what should hold it. */
function jsonLine(text: string, tree: Node | undefined, path: KeyPath): number | null {
  let node = tree;
  let offset = tree?.offset;
  for (const key of path) {
    const held: Node | undefined =
      typeof key === 'number'
        ? node?.children?.[key]
        : node?.children?.find(({ children }) => children?.[0]?.value === key && node?.type === 'object');
    if (held === undefined) break;
    offset = held.offset;
    node = held.type === 'property' ? held.children?.[1] : held;
  }
  return offset === undefined ? null : lineAt(text, offset);
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

async function readYaml(file: ConfigFile): Promise<ConfigContent> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new Problem(`${file.shown} is not YAML.`, {
      details: document.errors.map(
        ({ message, pos: [offset] }) => `${file.shown}:${lines.linePos(offset).line}: ${message.replace(/\.$/, '')}`,
      ),
      advice: 'Correct the file.',
    });
  }
  const lineOf = (path: KeyPath): number | null => {
    let node: unknown = document.contents;
    let offset = document.contents?.range?.[0];
    for (const key of path) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
        if (pair === undefined || !isScalar(pair.key)) break;
        offset = pair.key.range?.[0];
        node = pair.value;
      } else if (isSeq(node) && typeof key === 'number') {
        const item: unknown = node.items[key];
        if (isScalar(item) || isMap(item) || isSeq(item)) offset = item.range?.[0];
        node = item;
      } else break;
    }
    return offset === undefined ? null : lines.linePos(offset).line;
  };
  try {
    // An empty file is a config that decides nothing.
    return { value: (document.toJS() as unknown) ?? {}, places: () => Promise.resolve(lineOf) };
  } catch (error) {
    // An alias without its anchor, or too many of them.
    const message = error instanceof Error ? error.message : String(error);
    throw new Problem(`${file.shown} is not YAML: ${message}.`, { advice: 'Correct the file.', cause: error });
  }
}
