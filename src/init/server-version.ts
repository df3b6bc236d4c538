/** A place that names the server's version. */
export interface FoundVersion {
  readonly path: string;
  readonly major: number;
}

/** Images of PostgreSQL, also those with extensions; the major version is what their tag begins with, after a `pg` at most. */
const IMAGE =
  /\b(?:(?:postgis|timescale|pgvector|supabase|bitnami|bitnamilegacy|cimg|paradedb|imresamu|ankane)\/[\w.-]+|postgres(?:ql)?):(?:[\w.]+-)??(?:pg)?(\d{1,2})(?=[.\-\s"'@}]|$)/g;

/** `postgres 16.2` of asdf, `postgres = "16"` of mise. */
const TOOL = /^\s*"?postgres(?:ql)?"?[ \t]*(?:=[ \t]*|[ \t])["']?(\d{1,2})\b/gm;

/** Of Supabase: `[db]`, `major_version = 15`. */
const SUPABASE = /^\s*major_version\s*=\s*(\d{1,2})\b/gm;

/** What the files of a repository say of the server's version, the first one of each. */
export function serverVersions(files: readonly { readonly path: string; readonly text: string }[]): FoundVersion[] {
  return files.flatMap(({ path, text }) => {
    const pattern = patternOf(path);
    const [match] = withoutComments(text).matchAll(pattern);
    return match?.[1] === undefined ? [] : [{ path, major: Number(match[1]) }];
  });
}

function patternOf(path: string): RegExp {
  if (path.endsWith('supabase/config.toml')) return SUPABASE;
  return /(?:^|\/)(?:\.tool-versions|\.?mise\.toml)$/.test(path) ? TOOL : IMAGE;
}

function withoutComments(text: string): string {
  return text.replaceAll(/(?:^|(?<=\s))#.*$/gm, '');
}
