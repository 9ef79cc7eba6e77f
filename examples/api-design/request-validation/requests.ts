/** The requests that the demos send to the naive way and to the pattern. */
export const requests = [
  {
    what: 'a customer says that the order is paid',
    body: '{"email":"eve@example.com","cents":900,"paid":true}',
  },
  {
    what: 'two prices in one body',
    body: '{"email":"eve@example.com","cents":900,"cents":1}',
  },
  {
    what: 'no e-mail address, and a negative price',
    body: '{"email":"eve","cents":-1}',
  },
  { what: 'orders that are not paid', query: 'paid=false' },
  { what: 'a limit in another system', query: 'limit=0x10' },
  { what: 'an empty limit', query: 'limit=' },
  { what: 'two limits', query: 'limit=1&limit=2' },
];
