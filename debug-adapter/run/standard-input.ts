/** What a person types (or a pipe holds), for the guest's serial port. */
import type { ReadStream } from 'node:tty';

export interface StandardInput {
  onData(receive: (text: string) => void): void;
  readonly ended: boolean;
  /** Resolves when more has come, or nothing will come any more. */
  wait(): Promise<void>;
  close(): void;
}

/** Two of these in a row end the run, as a guest gets the first. */
const interrupt = '\x03';

export function standardInput(stream: ReadStream): StandardInput {
  let receive: (text: string) => void = () => undefined;
  let wake: () => void = () => undefined;
  let ended = false;
  let last = '';
  const onData = (data: Buffer) => {
    const text = data.toString('utf8');
    if (text === interrupt && last === interrupt) process.exit(130);
    last = text;
    receive(text);
    wake();
  };
  const onEnd = () => {
    ended = true;
    wake();
  };
  return {
    onData(to) {
      receive = to;
      // Keys go to the guest one by one, and it echoes them.
      if (stream.isTTY) stream.setRawMode(true);
      stream.on('data', onData);
      stream.on('end', onEnd);
      stream.on('error', onEnd);
    },
    get ended() {
      return ended;
    },
    wait: () =>
      new Promise(resolve => {
        wake = resolve;
      }),
    close() {
      if (stream.isTTY) stream.setRawMode(false);
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('error', onEnd);
      stream.pause();
      stream.unref?.();
    },
  };
}
