import { Link } from "react-router";
import { Empty } from "../ui/parts";
import { useTitle } from "../ui/useTitle";

export function NotFoundPage() {
  useTitle("Not found");
  return (
    <Empty title="There is no such page">
      <p>
        <Link to="/">All warehouses</Link>
      </p>
    </Empty>
  );
}
