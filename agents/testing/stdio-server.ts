import { openLibrary } from '../library/open-library.ts';
import { runMcp } from '../mcp/run-mcp.ts';

// What `touchstone mcp` is, before it is bundled: the library's folder, then a port for HTTP.
const [folder = '', port] = process.argv.slice(2);
await runMcp({
  library: openLibrary(folder),
  ...(port !== undefined && { http: { port: Number(port) } }),
});
