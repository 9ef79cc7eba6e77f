// Node 22 has none: with it, the copied tests show that the code itself runs there.
globalThis.AsyncDisposableStack ??= class AsyncDisposableStack {
  #ends = [];
  use(value) {
    if (value)
      this.#ends.push(() => (value[Symbol.asyncDispose] ?? value[Symbol.dispose]).call(value));
    return value;
  }
  adopt(value, end) {
    this.#ends.push(() => end(value));
    return value;
  }
  defer(end) {
    this.#ends.push(end);
  }
  move() {
    const other = new AsyncDisposableStack();
    other.#ends = this.#ends;
    this.#ends = [];
    return other;
  }
  async [Symbol.asyncDispose]() {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
  disposeAsync() {
    return this[Symbol.asyncDispose]();
  }
};
