// Keeps a core busy until the process that started it is gone, however it went: the channel
// between us closes even after kill -9.
const SLICE_MS = 20;

process.on('disconnect', () => process.exit());

function spin() {
  const end = performance.now() + SLICE_MS;
  while (performance.now() < end);
  setImmediate(spin);
}

spin();
