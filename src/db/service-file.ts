import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../problem.ts';
import { addParameter, type Parameters } from './parameters.ts';

/** Where packages look when PGSYSCONFDIR is not set: Debian's, and that of many others. */
const SYSTEM_FOLDERS = ['/etc/postgresql-common', '/etc'];

/**
 * What the service file says about a service: the user's own, then the system's. Throws a Problem when none has it.
 * https://www.postgresql.org/docs/current/libpq-pgservice.html
 */
export function readService(service: string, file: string | undefined, systemFolder: string | undefined): Parameters {
  const own = file ?? join(homedir(), '.pg_service.conf');
  const system = (systemFolder === undefined ? SYSTEM_FOLDERS : [systemFolder]).map((folder) =>
    join(folder, 'pg_service.conf'),
  );
  for (const path of [own, ...system]) {
    const text = readIfThere(path, path === file);
    const found = text === undefined ? undefined : findService(text, service, path);
    if (found !== undefined) return found;
  }
  throw new Problem(`The service ${service} is not in ${[own, ...system].join(', ')}.`, {
    advice: `Add a section [${service}] with host=… and dbname=… to ${own}, or check PGSERVICE and PGSERVICEFILE.`,
  });
}

function readIfThere(path: string, mustExist: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!mustExist) return undefined;
    throw new Problem(`Cannot read the service file ${path}.`, {
      advice: 'Check PGSERVICEFILE and the permissions of the file.',
      cause: error,
    });
  }
}

/** The parameters of one section; undefined when there is no such section. */
function findService(text: string, service: string, path: string): Parameters | undefined {
  let found: Parameters | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (found !== undefined) return found;
      if (line === `[${service}]`) found = {};
      continue;
    }
    if (found === undefined) continue;
    const [, name, value = ''] = /^([^=\s]+)=(.*)$/.exec(line) ?? [];
    if (name === undefined || name === 'service') {
      throw new Problem(`Line ${index + 1} of ${path} is not name=value.`, {
        advice: 'Write one parameter a line, without spaces around =.',
      });
    }
    // The first one counts.
    const once: Parameters = {};
    addParameter(once, name, value, path);
    found = { ...once, ...found };
  }
  return found;
}
