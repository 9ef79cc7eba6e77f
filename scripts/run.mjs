// @ts-check
// Plain JavaScript without static imports: even an old Node reads it and gets a sentence.
const [major = 0] = process.versions.node.split('.').map(Number);

if (major < 20) {
  console.error(
    `This is Node ${process.versions.node}. Touchstone starts from Node 20 or newer and then ` +
      'brings its own Node 26. Install a current Node from https://nodejs.org and run this again.',
  );
  process.exitCode = 2;
} else {
  const { runRepositoryCommand } = await import('./bootstrap/run-repository-command.mjs');
  await runRepositoryCommand(process.argv.slice(2));
}
