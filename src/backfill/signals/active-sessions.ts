import { monitorGrant } from './monitor.ts';
import { judge, type Signal } from './signal.ts';

/** Sessions of others that run a statement right now. */
export const activeSessions: Signal = {
  name: 'active sessions',
  async read(session, { settings: { maxActive }, ownPids }) {
    if (maxActive === null) return { kind: 'go' };
    const [row] = await session.query<{ active: number; hidden: number }>(
      `SELECT (pg_catalog.count(*) FILTER (WHERE a.state IN ('active', 'fastpath function call')))::pg_catalog.int4 AS active,
              (pg_catalog.count(*) FILTER (WHERE a.query = '<insufficient privilege>'))::pg_catalog.int4 AS hidden
         FROM pg_catalog.pg_stat_activity a
        WHERE (a.backend_type = 'client backend' OR a.backend_type IS NULL AND a.datid IS NOT NULL) AND a.pid <> ALL ($1::pg_catalog.int4[])
          AND a.application_name <> pg_catalog.current_setting('application_name')`,
      [ownPids.map(String)],
    );
    const { active = 0, hidden = 1 } = row ?? {};
    if (hidden > 0) {
      const grant = await monitorGrant(session);
      return { kind: 'stop', reason: `there are ${hidden} sessions whose state is hidden: ${grant}` };
    }
    return judge(active, maxActive, `${active} sessions are active (max-active ${maxActive})`);
  },
};
