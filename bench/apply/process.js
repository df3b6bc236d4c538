import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a program of this folder in a process of its own, and waits until it is ready. It answers one question. */
export async function start(file, args) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { serialization: 'advanced' });
  const answer = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`${file} ended with exit code ${code}`)));
    });
  await answer();
  return {
    send: (message) => child.connected && child.send(message),
    ask(message) {
      const answered = answer();
      child.send(message);
      return answered;
    },
  };
}
