/** The lease that the process at work on a backfill holds. */
export function leaseName(name: string): string {
  return `backfill ${name}`;
}
