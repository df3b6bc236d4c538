import { missingMonitor } from './monitor.ts';
import { judge, type Signal } from './signal.ts';

/** Files of WAL that are complete and not yet archived: they stay on the disk, and a restore would lack them. */
export const archiveBacklog: Signal = {
  name: 'WAL archive',
  async read(session, { settings: { maxArchiveBacklog } }) {
    if (maxArchiveBacklog === null) return { kind: 'go' };
    const [archive] = await missingMonitor(session, () =>
      session.query<{ files: string; failing: boolean }>(
        `SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_ls_archive_statusdir() f WHERE f.name LIKE '%.ready') AS files,
                coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'), false) AS failing
           FROM pg_catalog.pg_stat_archiver a`,
      ),
    );
    const files = Number(archive?.files);
    const failing = archive?.failing === true ? '; the last try to archive one failed' : '';
    return judge(
      files,
      maxArchiveBacklog,
      `${files} WAL files wait to be archived (max-archive-backlog ${maxArchiveBacklog})${failing}`,
    );
  },
};
