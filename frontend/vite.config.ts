import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** `npm run dev -w frontend` beside a running stack: STOREMAX_API names the Worker's address. */
const api = process.env["STOREMAX_API"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2023", sourcemap: true, assetsInlineLimit: 0 },
  server: {
    proxy: { "/api": { target: api, ws: true, rewrite: (path) => path.replace(/^\/api/, "") } },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"], restoreMocks: true },
});
