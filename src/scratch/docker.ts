import { randomBytes } from 'node:crypto';
import type { RunningServer, ScratchRequest, ScratchSource, Unavailable } from './source.ts';
import { DEFAULT_VERSION, NOT_DURABLE } from './source.ts';

/** The official image in a container, by testcontainers, which removes it also when we are killed. */
export const docker: ScratchSource = { name: 'docker', start };

async function start({ version, settings, durable, signal }: ScratchRequest): Promise<RunningServer | Unavailable> {
  let containers;
  try {
    containers = await import('@testcontainers/postgresql');
  } catch {
    return { unavailable: '@testcontainers/postgresql is not installed' };
  }
  const all = { ...(durable ? {} : NOT_DURABLE), ...settings };
  try {
    const container = await new containers.PostgreSqlContainer(`postgres:${version ?? DEFAULT_VERSION}`)
      .withUsername('postgres')
      .withDatabase('postgres')
      // Docker may publish the port to the whole network.
      .withPassword(randomBytes(24).toString('base64url'))
      .withCommand(['postgres', ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
      .start();
    const stop = async (): Promise<void> => {
      await container.stop();
    };
    if (signal?.aborted) await stop();
    signal?.throwIfAborted();
    return { url: container.getConnectionUri(), stop };
  } catch (error) {
    signal?.throwIfAborted();
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}
