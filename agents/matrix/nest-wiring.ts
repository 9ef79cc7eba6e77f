import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { signStandard } from '../../examples/integrations/webhook-receiving/sign.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

/** What the pages say of NestJS, as somebody writes it who has added the patterns. */
const files = {
  'src/problem.filter.ts': `import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { answerErrors } from './patterns/error-handling/answer-errors';

@Catch()
export class ProblemFilter extends BaseExceptionFilter {
  private readonly answer = answerErrors(console);

  override catch(error: unknown, host: ArgumentsHost) {
    if (error instanceof HttpException) return super.catch(error, host);
    const http = host.switchToHttp();
    this.answer(error, http.getRequest(), http.getResponse(), http.getNext());
  }
}
`,
  'src/app.module.ts': `import type { IncomingMessage } from 'node:http';
import { Controller, Get, HttpCode, Module, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { createVerifier } from './patterns/webhook-receiving/signatures';

@Controller()
export class AppController {
  private readonly verify = createVerifier({ scheme: 'standard', secrets: ['${SECRET}'] });

  @Get()
  greet(): string {
    return 'Hello';
  }

  @Post('webhooks')
  @HttpCode(202)
  receive(@Req() { headers, rawBody }: RawBodyRequest<IncomingMessage>): string {
    return this.verify({ headers, body: rawBody ?? Buffer.alloc(0) });
  }
}

@Module({ controllers: [AppController] })
export class AppModule {}
`,
  'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { ProblemFilter } from './problem.filter';

async function start() {
  const app = await NestFactory.create(AppModule, { rawBody: true });
  app.useGlobalFilters(new ProblemFilter(app.getHttpAdapter()));
  await app.listen(process.env.PORT ?? 3000);
}
void start();
`,
};

/** The error of Nest keeps its status, that of a pattern has its own, and a signature holds for the bytes. */
async function check(url: string): Promise<void> {
  const unknown = await fetch(`${url}/nowhere`);
  expect({ status: unknown.status, body: await unknown.json() }).toMatchObject({
    status: 404,
    body: { error: 'Not Found' },
  });
  const body = '{ "cents": 10.50 }';
  const signed = signStandard({ id: 'msg_1', body, at: new Date(), secrets: [SECRET] });
  const forged = await send(url, body.replace('1', '9'), signed);
  expect({ status: forged.status, body: await forged.json() }).toMatchObject({
    status: 400,
    body: { code: 'invalid_signature' },
  });
  expect((await send(url, body, signed)).status).toBe(202);
}

const send = (url: string, body: string, signed: Record<string, string>): Promise<Response> =>
  fetch(`${url}/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signed },
    body,
  });

/** The patterns in a NestJS app, and what is seen from outside. */
export const NEST_WIRING = { files, check };
