import { randomBytes } from 'node:crypto';
import type { RunningServer, ScratchRequest, ScratchSource, Unavailable } from './source.ts';
import { DEFAULT_VERSION, NOT_DURABLE } from './source.ts';

/** The official image in a container, by testcontainers, which removes it also when we are killed. */
export const docker: ScratchSource = { name: 'docker', start };

const PORT = 5432;

async function start({ version, settings, durable, signal }: ScratchRequest): Promise<RunningServer | Unavailable> {
  let containers;
  try {
    containers = await import('testcontainers');
  } catch {
    return { unavailable: 'testcontainers is not installed' };
  }
  const { GenericContainer, Wait } = containers;
  const all = { ...(durable ? {} : NOT_DURABLE), ...settings };
  // Docker may publish the port to the whole network.
  const password = randomBytes(24).toString('base64url');
  try {
    const container = await new GenericContainer(`postgres:${version ?? DEFAULT_VERSION}`)
      .withEnvironment({ POSTGRES_PASSWORD: password })
      .withExposedPorts(PORT)
      .withCommand(['postgres', ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
      // The image starts the server twice; the first one only runs its setup scripts.
      .withWaitStrategy(Wait.forAll([Wait.forLogMessage(/ready to accept connections/, 2), Wait.forListeningPorts()]))
      .start();
    const stop = async (): Promise<void> => {
      await container.stop();
    };
    if (signal?.aborted) await stop();
    signal?.throwIfAborted();
    const url = `postgres://postgres:${password}@${container.getHost()}:${container.getMappedPort(PORT)}/postgres`;
    return { url, stop };
  } catch (error) {
    signal?.throwIfAborted();
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}
