import { createServer } from 'node:http';
import type { ShopSettings } from './shop-settings.ts';
import { startWithSettings } from './start-with-settings.ts';

process.exitCode = startWithSettings(startShop);

function startShop(settings: ShopSettings) {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(settings));
  });
  server.listen(settings.SHOP_PORT, '127.0.0.1', () => {
    const address = server.address();
    const port =
      typeof address === 'object' ? address?.port : undefined;
    console.log('settings:', settings);
    console.log(`listening on http://127.0.0.1:${port}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
}
