import { Component, type ReactNode } from "react";
import { ProblemNote } from "./Problem";

interface State {
  fault: unknown;
}

/** A fault of the dashboard itself stays within its page, and says so. */
export class Boundary extends Component<{ children: ReactNode }, State> {
  override state: State = { fault: null };

  static getDerivedStateFromError(fault: unknown): State {
    return { fault };
  }

  override render(): ReactNode {
    if (this.state.fault === null) return this.props.children;
    return (
      <ProblemNote
        fault={this.state.fault}
        what="This page of the dashboard failed"
        onRetry={() => this.setState({ fault: null })}
      />
    );
  }
}
