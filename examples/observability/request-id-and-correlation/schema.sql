create table orders (
  id bigint generated always as identity primary key,
  sku text not null
);

create table order_jobs (
  id bigint generated always as identity primary key,
  order_id bigint not null references orders,
  -- What createCarrier() returned in the request that wrote the job.
  carrier jsonb
);
