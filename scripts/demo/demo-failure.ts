/** A step of the demo did not do what it promises. The message says which command and what it said. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}
