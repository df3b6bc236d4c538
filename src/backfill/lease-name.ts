/** The lease that the process at work on a backfill holds. */
export function leaseName(name: string): string {
  return `backfill ${name}`;
}

/** The leases of further workers begin with this; each worker's own one ends with something that is never used again. */
export function workerPrefix(name: string): string {
  return `${leaseName(name)} worker `;
}
