/**
 * Text for people in which no CI system finds a command. Runners read commands from whatever a step prints: GitHub's at the start of a line
 * (`::add-mask::`) and, as Azure's and TeamCity's, anywhere in it (`##[…]`, `##vso[…]`, `##teamcity[…]`).
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function withoutCommands(text: string): string {
  return text.replaceAll(/#(?=#\w*\[)/g, String.raw`\x23`).replaceAll(AT_START, String.raw`$1\x3a:`);
}

/** The runner trims the line, and its comparison skips what cannot be seen. */
const AT_START = /^([\s\p{Cc}\p{Cf}\p{M}]*)::/gmu;

/** JSON in which no CI system finds a command; what it says stays the same. */
export function jsonText(document: unknown): string {
  return `${JSON.stringify(document).replaceAll(/#(?=#\w*\[)/g, String.raw`\u0023`)}\n`;
}
