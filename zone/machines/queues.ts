/** One thing at a time for each key: calls for the same instance run in the order they came. */
export interface Queues {
  of<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Like `of`; everything interruptible before it is interrupted. */
  atOnce<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** To be called by work in the queue: runs its part that may take long, with the signal that interrupts it. */
  interruptible<T>(key: string, part: (interrupted: AbortSignal) => Promise<T>): Promise<T>;
  /** Interrupts what is interruptible now. */
  interruptAll(): void;
  /** Resolves when nothing is left to do. */
  idle(): Promise<void>;
}

export function createQueues(): Queues {
  const last = new Map<string, Promise<unknown>>();
  const parts = new Map<string, AbortController>();
  /** How many wait that are not to wait for anything interruptible. */
  const urgent = new Map<string, number>();

  function of<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, result);
    const forget = (): void => {
      if (last.get(key) === result) last.delete(key);
    };
    result.then(forget, forget);
    return result;
  }

  return {
    of,
    atOnce(key, work) {
      urgent.set(key, (urgent.get(key) ?? 0) + 1);
      parts.get(key)?.abort();
      return of(key, () => {
        const others = urgent.get(key)! - 1;
        if (others > 0) urgent.set(key, others);
        else urgent.delete(key);
        return work();
      });
    },
    async interruptible(key, part) {
      const interrupt = new AbortController();
      parts.set(key, interrupt);
      if (urgent.has(key)) interrupt.abort();
      try {
        return await part(interrupt.signal);
      } finally {
        parts.delete(key);
      }
    },
    interruptAll: () => parts.forEach((part) => part.abort()),
    async idle() {
      while (last.size > 0) await Promise.allSettled(last.values());
    },
  };
}
