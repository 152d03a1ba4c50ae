/** One task at a time for each key, in the order they were added. */
export interface Queues {
  add<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** Like `add`, and interrupts the interruptible parts of all earlier tasks of the key. */
  addUrgent<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** For a task in the queue: runs a part of it that may take long, with the signal that interrupts it. */
  interruptible<T>(key: string, part: (interrupted: AbortSignal) => Promise<T>): Promise<T>;
  /** Interrupts all interruptible parts that run now. */
  interruptAll(): void;
  /** Resolves when all queues are empty. */
  idle(): Promise<void>;
}

export function createQueues(): Queues {
  const last = new Map<string, Promise<unknown>>();
  const parts = new Map<string, AbortController>();
  /** Number of urgent tasks that wait, by key. */
  const urgent = new Map<string, number>();

  function add<T>(key: string, task: () => Promise<T>): Promise<T> {
    const result = (last.get(key) ?? Promise.resolve()).then(task, task);
    last.set(key, result);
    const forget = (): void => {
      if (last.get(key) === result) last.delete(key);
    };
    result.then(forget, forget);
    return result;
  }

  return {
    add,
    addUrgent(key, task) {
      urgent.set(key, (urgent.get(key) ?? 0) + 1);
      parts.get(key)?.abort();
      return add(key, () => {
        const others = urgent.get(key)! - 1;
        if (others > 0) urgent.set(key, others);
        else urgent.delete(key);
        return task();
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
