import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { asProblem } from "./api/problem";
import { router } from "./app/router";
import "./styles/index.css";

const MOST_RETRIES = 3;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // Only what may pass is asked again; a 404 or a 422 stays what it is.
      retry: (failures, fault) => failures < MOST_RETRIES && asProblem(fault).passing,
      retryDelay: (failure, fault) => (asProblem(fault).retryAfter ?? 0) * 1000 || Math.random() * 500 * 2 ** failure,
    },
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
