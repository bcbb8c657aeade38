import { useSyncExternalStore } from "react";
import { type Session, session, subscribe } from "./store";

export function useSession(): Session {
  return useSyncExternalStore(subscribe, session);
}
