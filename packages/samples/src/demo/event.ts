/** An event of `product.events`, as plain data of the shape the contracts give it. */
export interface DemoEvent {
  readonly productId: string;
  readonly version: number;
  readonly op: 'UPSERT' | 'DELETE';
  readonly title?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly images: readonly { readonly uri: string }[];
  readonly locale?: string;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
}
