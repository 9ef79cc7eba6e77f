// Runs a program for another process and ends it when that process is gone, however it went: the
// channel between us closes even after kill -9. What comes through it is `stop`, or the name of a
// signal; the answer says that the signal was sent.
// The program inherits the environment of this process: in argv, every user could read it.
// Plain JavaScript, so that it starts in a moment on every supported Node.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const { program, args, options, stopSignal, removeAfterwards } = JSON.parse(process.argv[2]);
const child = spawn(program, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });

let asked = false;

function stop() {
  asked = true;
  child.kill('SIGCONT'); // a stopped program would not hear
  child.kill(stopSignal);
}

process.on('disconnect', stop);
process.on('message', (message) => {
  if (message === 'stop') return stop();
  child.kill(message);
  process.send(message);
});
child.on('error', (error) => console.error(String(error)));
child.on('close', (code) => {
  // A program that ended by itself leaves its log: somebody will want its last words.
  if (asked && removeAfterwards) rmSync(removeAfterwards, { recursive: true, force: true });
  process.exit(code ?? 1);
});
