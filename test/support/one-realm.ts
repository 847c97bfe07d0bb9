/**
 * Jest runs tests in a realm of its own, where errors of Node’s core are no instances of `Error`: the AWS client then wraps them and loses their
 * code. Imported before that client, this makes them instances, as they are in production.
 */
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: { readonly prototype: object }, value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (this === Error && Object.prototype.toString.call(value) === '[object Error]') return true;
    return Object.prototype.isPrototypeOf.call(this.prototype, value);
  },
});
