import { readNaively } from './naive.ts';

const settings = readNaively({
  SHOP_PORT: '',
  SHOP_TEST_PAYMENTS: 'false',
  SHOP_PAYMENT_TIMEOUT: '30s',
  SHOP_SESION_KEY: 'pZ0fS1nV3bG7tJ4wQ8kL2mX5cR9dH6yA0eU1iO3sT7g',
});
console.log(settings);
