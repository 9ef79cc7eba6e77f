/** A topic of the catalogue, and what it adds to the app that the steps before it built. */
export type PathStep = { id: string; adds: string };

/** An order in which to add patterns to one app; each step builds only on earlier ones. */
export type LearningPath = { slug: string; title: string; summary: string; steps: PathStep[] };

/** All learning paths, in the order in which a reader meets them. */
export const learningPaths: LearningPath[] = [
  {
    slug: 'first-production-service',
    title: 'Your first production service',
    summary:
      'From an empty folder to an HTTP service on Postgres that starts, logs, answers errors, migrates and stops as it should.',
    steps: [
      {
        id: 'architecture/typed-configuration',
        adds: 'The service reads its settings once, and does not start with a wrong one.',
      },
      {
        id: 'observability/structured-logging',
        adds: 'It writes one JSON line for each event, without the secrets that it recognises.',
      },
      {
        id: 'observability/request-id-and-correlation',
        adds: 'One id leads from a request to its log lines, calls, jobs and transactions.',
      },
      {
        id: 'api-design/error-handling',
        adds: 'Callers get errors with a code, and never an internal message.',
      },
      {
        id: 'api-design/request-validation',
        adds: 'Handlers get typed values that a schema accepted, and bad input is refused at the edge.',
      },
      {
        id: 'postgres/connection-pooling',
        adds: 'The service talks to Postgres through a pool in which every wait has a limit.',
      },
      {
        id: 'postgres/transactions-and-locking',
        adds: 'Several statements happen together or not at all, and each transaction ends in bounded time.',
      },
      {
        id: 'postgres/zero-downtime-migrations',
        adds: 'The tables change while two releases of the service use them.',
      },
      {
        id: 'jobs/worker-loop',
        adds: 'A loop works on rows that are due, and stops in bounded time.',
      },
      {
        id: 'jobs/background-jobs',
        adds: 'Work that may come later is written in the transaction of its data, and survives a crash.',
      },
      {
        id: 'integrations/resilient-http-client',
        adds: 'Calls to other services end by a deadline, and retry only where that is safe.',
      },
      {
        id: 'observability/health-checks-and-graceful-shutdown',
        adds: 'A deployment loses no request, and a database outage restarts nothing.',
      },
      {
        id: 'architecture/service-templates',
        adds: 'The parts start and end in the right order, and one command writes the next service like this.',
      },
      {
        id: 'observability/metrics-prometheus',
        adds: 'You see rates, errors and durations over time.',
      },
      {
        id: 'security/rate-limiting',
        adds: 'One caller cannot take the whole capacity of the service.',
      },
      {
        id: 'deployment/container-images',
        adds: 'The service ships as a small image that does not run as root.',
      },
    ],
  },
  {
    slug: 'multi-tenant-saas',
    title: 'Multi-tenant SaaS',
    summary:
      'One app for many companies: logins, tenants that cannot see each other, work in the background, and a bill for each.',
    steps: [
      {
        id: 'api-design/error-handling',
        adds: 'The API answers every error in one format.',
      },
      {
        id: 'api-design/request-validation',
        adds: 'Handlers get typed values, and no caller can add a field such as isAdmin.',
      },
      {
        id: 'auth/jwt-access-tokens',
        adds: 'Each API knows who calls without a query.',
      },
      {
        id: 'auth/refresh-token-rotation',
        adds: 'Logins last for days, and one whose token is stolen and replayed ends.',
      },
      {
        id: 'postgres/transactions-and-locking',
        adds: 'Each request does its queries in one transaction, which can carry the tenant.',
      },
      {
        id: 'multi-tenancy/tenant-isolation-rls',
        adds: 'Postgres shows a request the rows of its tenant only, even where a query forgets to ask.',
      },
      {
        id: 'postgres/connection-pooling',
        adds: 'Tenants share connections, and every wait for one has a limit.',
      },
      {
        id: 'postgres/zero-downtime-migrations',
        adds: 'The shared tables change while all tenants work.',
      },
      {
        id: 'jobs/worker-loop',
        adds: 'Rows that are due are worked on, with a limit for each.',
      },
      {
        id: 'jobs/background-jobs',
        adds: 'Invoices, e-mails and exports of a tenant run outside its requests.',
      },
      {
        id: 'multi-tenancy/tenant-context',
        adds: 'The tenant travels with the request into jobs, logs and caches.',
      },
      {
        id: 'auth/rbac-authorization',
        adds: 'Inside a tenant, each user may do what their role allows.',
      },
      {
        id: 'auth/organization-invitations',
        adds: 'A user invites colleagues, up to the seats that the tenant has paid for.',
      },
      {
        id: 'multi-tenancy/tenant-provisioning',
        adds: 'A new tenant is ready after sign-up, and one that leaves is deleted.',
      },
      {
        id: 'multi-tenancy/usage-metering-and-billing',
        adds: 'What a tenant uses is counted once, and limited by its plan.',
      },
      {
        id: 'security/audit-logging',
        adds: 'A tenant can see who changed what.',
      },
    ],
  },
  {
    slug: 'taking-payments',
    title: 'Taking payments',
    summary:
      'From an order to money in your books, without a second charge, a lost event or an order that is paid twice.',
    steps: [
      {
        id: 'api-design/error-handling',
        adds: 'A payment that fails answers with a code that the client can act on.',
      },
      {
        id: 'api-design/request-validation',
        adds: 'Amounts and currencies are typed values before any code sees them.',
      },
      {
        id: 'postgres/transactions-and-locking',
        adds: 'An order and its payment change together, and two requests cannot spend the same money.',
      },
      {
        id: 'integrations/resilient-http-client',
        adds: 'A call to the payment provider ends by a deadline, and is repeated only where that is safe.',
      },
      {
        id: 'jobs/worker-loop',
        adds: 'Payments that are due for a check are worked on.',
      },
      {
        id: 'jobs/background-jobs',
        adds: 'The receipt commits with the payment, and is sent after it.',
      },
      {
        id: 'integrations/webhook-receiving',
        adds: 'What the provider reports is verified, stored before the answer, and counts once.',
      },
      {
        id: 'api-design/idempotency-keys',
        adds: 'A client may repeat an order after a timeout, and gets the first answer.',
      },
      {
        id: 'integrations/payment-gateway-integration',
        adds: 'Several providers have one interface, and every unknown outcome is settled.',
      },
      {
        id: 'domains/double-entry-ledger',
        adds: 'Each movement of money is a posting that balances.',
      },
      {
        id: 'domains/ecommerce-orders',
        adds: 'Stock is reserved, paid, shipped or refunded, and never sold twice.',
      },
      {
        id: 'security/audit-logging',
        adds: 'You can prove who changed an order or a refund.',
      },
    ],
  },
  {
    slug: 'device-fleet',
    title: 'Device fleet',
    summary:
      'From the first reading of a sensor to years of charts, live screens, and devices that you can update.',
    steps: [
      {
        id: 'postgres/connection-pooling',
        adds: 'Thousands of readings a second share a few connections.',
      },
      {
        id: 'iot/telemetry-ingestion',
        adds: 'A device gets its acknowledgement after its reading is stored, and each reading is stored once.',
      },
      {
        id: 'postgres/transactions-and-locking',
        adds: 'Roll-ups and settings change in transactions that end in bounded time.',
      },
      {
        id: 'iot/time-series-storage',
        adds: 'Charts of a day or of ten years read roll-ups, and old days are dropped without a delete.',
      },
      {
        id: 'realtime/server-sent-events',
        adds: 'A screen shows what devices report while it happens, and misses nothing.',
      },
      {
        id: 'observability/health-checks-and-graceful-shutdown',
        adds: 'A deployment loses no request, and every shutdown ends in bounded time.',
      },
      {
        id: 'iot/device-identity',
        adds: 'Each device proves who it is, and a stolen one is shut out.',
      },
      {
        id: 'iot/device-management',
        adds: 'You set what a device should do, and it follows even after weeks offline.',
      },
      {
        id: 'storage/direct-to-object-storage',
        adds: 'Large files, such as firmware and pictures, go straight to the object store.',
      },
      {
        id: 'iot/firmware-updates',
        adds: 'Devices load signed firmware in stages, and return to the old one when it fails.',
      },
      {
        id: 'ml/anomaly-detection',
        adds: 'A device that behaves unlike the others is found.',
      },
      {
        id: 'iot/security',
        adds: 'Topics, rights and defaults are tested as one baseline.',
      },
    ],
  },
  {
    slug: 'serving-a-model',
    title: 'Serving a model',
    summary:
      'From a model file to an API that answers in time, reports when its inputs drift, and rolls back a worse version automatically.',
    steps: [
      {
        id: 'architecture/typed-configuration',
        adds: 'The service knows its model, its limits and its secrets before it starts.',
      },
      {
        id: 'api-design/error-handling',
        adds: 'Clients get errors with a code, and the details are in the log.',
      },
      {
        id: 'api-design/request-validation',
        adds: 'Only inputs that a schema accepted reach the model.',
      },
      {
        id: 'ml/model-serving',
        adds: 'The model answers in time or refuses at once, off the event loop.',
      },
      {
        id: 'observability/health-checks-and-graceful-shutdown',
        adds: 'A deployment loses no request, and every shutdown ends in bounded time.',
      },
      {
        id: 'ml/model-monitoring',
        adds: 'Prometheus sees when inputs or answers drift from the reference.',
      },
      {
        id: 'postgres/transactions-and-locking',
        adds: 'What a model answered and how it turned out change together or not at all.',
      },
      {
        id: 'ml/ab-testing',
        adds: 'A new version is compared on real users, and a worse one is rolled back automatically.',
      },
      {
        id: 'ml/model-registry',
        adds: 'Each version is signed, and promoted or rolled back in one step.',
      },
      {
        id: 'ml/feature-store',
        adds: 'Training and serving compute the same inputs from one definition.',
      },
      {
        id: 'ml/training-orchestration',
        adds: 'Training runs resume after a failure and end in a model file.',
      },
      {
        id: 'performance/load-and-stress-testing',
        adds: 'You know the load at which answers come too late.',
      },
    ],
  },
];
