import { createBrowserRouter } from "react-router";
import { Loading } from "../ui/parts";
import { RouteFault } from "./RouteFault";
import { Shell } from "./Shell";
import { SignInPage } from "../pages/SignInPage";

/** Each page is a chunk of its own, loaded when it is first opened. */
export const router = createBrowserRouter([
  { path: "/sign-in", element: <SignInPage /> },
  {
    element: <Shell />,
    hydrateFallbackElement: <Loading what="the dashboard" />,
    errorElement: <RouteFault />,
    children: [
      { index: true, lazy: async () => ({ Component: (await import("../pages/WarehousesPage")).WarehousesPage }) },
      { path: "new", lazy: async () => ({ Component: (await import("../pages/NewWarehousePage")).NewWarehousePage }) },
      { path: "agents", lazy: async () => ({ Component: (await import("../pages/AgentsPage")).AgentsPage }) },
      {
        path: "w/:warehouse",
        lazy: async () => ({ Component: (await import("../pages/WarehouseFrame")).WarehouseFrame }),
        children: [
          { index: true, lazy: async () => ({ Component: (await import("../pages/OverviewPage")).OverviewPage }) },
          { path: "stock", lazy: async () => ({ Component: (await import("../pages/StockPage")).StockPage }) },
          { path: "tasks", lazy: async () => ({ Component: (await import("../pages/TasksPage")).TasksPage }) },
          { path: "activity", lazy: async () => ({ Component: (await import("../pages/ActivityPage")).ActivityPage }) },
          { path: "orders", lazy: async () => ({ Component: (await import("../pages/OrdersPage")).OrdersPage }) },
          { path: "import", lazy: async () => ({ Component: (await import("../pages/ImportPage")).ImportPage }) },
          { path: "jobs", lazy: async () => ({ Component: (await import("../pages/JobsPage")).JobsPage }) },
        ],
      },
      { path: "w/:warehouse/jobs/:job", lazy: async () => ({ Component: (await import("../pages/JobPage")).JobPage }) },
      {
        path: "w/:warehouse/jobs/:job/pick-lists",
        lazy: async () => ({ Component: (await import("../pages/PickListsPage")).PickListsPage }),
      },
      { path: "*", lazy: async () => ({ Component: (await import("../pages/NotFoundPage")).NotFoundPage }) },
    ],
  },
]);
