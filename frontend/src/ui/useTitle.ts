import { useEffect } from "react";

export function useTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter(Boolean), "StoreMax"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
