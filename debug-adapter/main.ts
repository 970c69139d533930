/** `trapdoor dap`: the adapter over standard input and output. */
import { readFile } from 'node:fs/promises';
import { Connection } from './connection.ts';
import { launch } from './launch/launch.ts';

/** Serves one client until it disconnects or its end of the line closes. */
export function startDebugAdapter(): Promise<undefined> {
  const connection = new Connection({
    launch,
    defer: callback => setImmediate(callback),
    now: () => performance.now(),
    readFile: path => readFile(path, 'utf8'),
  });
  // Whatever else writes to standard output would break the framing.
  console.log = console.error;
  const finish = () => {
    connection.session.close();
    // Standard output is a pipe: what was written last must get through before the process ends.
    process.stdout.write('', () => process.exit(0));
  };
  connection.on('close', finish);
  connection.on('disconnected', finish);
  process.on('uncaughtException', problem => {
    connection.session.output(`${problem.stack ?? problem.message}\n`, 'stderr');
  });
  process.on('unhandledRejection', problem => {
    connection.session.output(`${problem instanceof Error ? problem.stack : String(problem)}\n`, 'stderr');
  });
  connection.start(process.stdin, process.stdout);
  return Promise.resolve(undefined);
}
