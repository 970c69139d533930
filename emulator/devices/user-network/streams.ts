/**
 * Connections that leave the machine, as its network speaks of them with whoever drives the machine: the network asks,
 * the outside answers with events. The network itself has no sockets.
 */

/** One connection, among all that the network has had. What the guest opens is even, what comes from outside odd. */
export type StreamNumber = number;

/** What the network wants of the outside, in this order and each once. */
export type StreamRequest =
  /** Connect to this port of the host's loopback interface; `opened` or `aborted` is the answer. */
  | { readonly kind: 'open'; readonly stream: StreamNumber; readonly port: number }
  /** Bytes of the guest; `taken` tells when they have gone out. */
  | { readonly kind: 'send'; readonly stream: StreamNumber; readonly bytes: Uint8Array }
  /** The guest sends no more; it may still receive. */
  | { readonly kind: 'finish'; readonly stream: StreamNumber }
  /** The connection is gone. */
  | { readonly kind: 'abort'; readonly stream: StreamNumber }
  /** The guest wanted to reach what it may not. */
  | { readonly kind: 'refused'; readonly address: number; readonly port: number };

/** What has happened outside. */
export type StreamEvent =
  | { readonly kind: 'opened'; readonly stream: StreamNumber }
  /** Somebody outside wants to connect to a port of the guest; at the address that DHCP gives unless said otherwise. */
  | { readonly kind: 'accepted'; readonly stream: StreamNumber; readonly address?: number; readonly port: number }
  /** Bytes for the guest: not more than there is room for. */
  | { readonly kind: 'received'; readonly stream: StreamNumber; readonly bytes: Uint8Array }
  /** So many bytes of the guest have gone out. */
  | { readonly kind: 'taken'; readonly stream: StreamNumber; readonly count: number }
  /** Nothing more will be received. */
  | { readonly kind: 'finished'; readonly stream: StreamNumber }
  /** The connection could not be made, or has broken. */
  | { readonly kind: 'aborted'; readonly stream: StreamNumber };
