/** A file that a script asks for by `\i` or `\ir`. */
export interface Asked {
  readonly name: string;
  /** The path of the script that asks. */
  readonly from: string;
  /** `\ir`: to the folder of that script. */
  readonly relative: boolean;
}

/** Finds the files that scripts run; a reason where one is not read. */
export type Include = (asked: Asked) => { readonly path: string; readonly text: string } | { readonly reason: string };

/** What `\i` asks for at the beginning of lines, as far as it is known without running anything. */
export function askedFor(from: string, text: string): Asked[] {
  return [
    ...text.matchAll(/^[ \t]*\\(ir|include_relative|i|include)[ \t]+(?:'([^'\r\n]*)'|"([^"\r\n]*)"|([^\s\\'"`:]+))/gm),
  ].map(([, command, single, double, plain]) => ({
    name: single ?? double ?? plain ?? '',
    from,
    relative: command === 'ir' || command === 'include_relative',
  }));
}
