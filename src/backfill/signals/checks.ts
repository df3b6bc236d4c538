import { type Check, objection, readCheck } from '../check.ts';
import type { ConnectionSettings } from '../../db/connection.ts';
import { isConnectionLost } from '../../db/errors.ts';
import { openSession, type Session } from '../../db/session.ts';
import { poll, type Poll } from './poll.ts';
import { type Signal, unreadable, type Verdict } from './signal.ts';

const EVERY_MS = 1_000;

/** Queries of the DBA's own. They run beside everything else, read only, so that a slow one delays nobody. */
export function customChecks(connection: ConnectionSettings, applicationName: string): Signal {
  let asked: readonly string[] = [];
  let answers: Poll<ReadonlyMap<string, Verdict>> | null = null;
  const look = async (session: Session): Promise<ReadonlyMap<string, Verdict>> => {
    const found = new Map<string, Verdict>();
    for (const text of asked) found.set(text, await answer(session, text));
    return found;
  };
  const open = (): Promise<Session> => openSession(connection, { applicationName, settings: SESSION_SETTINGS });
  return {
    name: 'signal',
    async read(_, { settings: { checks } }) {
      asked = checks;
      if (checks.length === 0) return { kind: 'go' };
      answers ??= poll({ open, look, everyMs: EVERY_MS });
      const latest = await answers.latest();
      const verdicts = checks.map(
        (text): Verdict =>
          latest.get(text) ?? { kind: 'stop', reason: `${nameOf(text)} has not been read yet`, by: nameOf(text) },
      );
      return verdicts.find(({ kind }) => kind === 'stop') ?? { kind: 'go' };
    },
    close: () => answers?.close(),
  };
}

const SESSION_SETTINGS = {
  default_transaction_read_only: 'on',
  statement_timeout: '2s',
  lock_timeout: '500ms',
  idle_in_transaction_session_timeout: '10s',
};

function nameOf(text: string): string {
  return readCheck(text)?.name ?? text;
}

async function answer(session: Session, text: string): Promise<Verdict> {
  const check: Check | null = readCheck(text);
  if (check === null) return unreadable('signal', new Error(`${text} is no check`));
  try {
    const reason = objection(check, await session.query(check.sql));
    return reason === null ? { kind: 'go' } : { kind: 'stop', reason, by: check.name };
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    return unreadable(check.name, error);
  }
}
