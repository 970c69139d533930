/** A process of its own that plays one script: the script as JSON in, what came of it as JSON out. */
import { playAnew, type Script } from './play.ts';

const script = JSON.parse(process.argv[2] ?? '') as Script;
process.stdout.write(JSON.stringify(await playAnew(script)));
