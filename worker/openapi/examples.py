"""Examples of the API's requests and answers, recorded by tools/record_examples.py: do not edit."""

# operation → {"request": body, "answers": {status: body}}
EXAMPLES = r"""
{
 "ack_task": {
  "answers": {
   "200": {
    "attempt": 1,
    "created_at": "2026-11-25T01:09:18.799Z",
    "due_at": null,
    "finished_at": "2026-11-25T01:09:19.368Z",
    "id": "count.1",
    "lease_until": null,
    "leased_at": "2026-11-25T01:09:19.053Z",
    "max_attempts": 5,
    "not_before": null,
    "owner": "",
    "payload": {},
    "priority": 1,
    "reason": null,
    "result": {
     "counted": 3
    },
    "skills": [],
    "state": "done",
    "type": "count",
    "version": 4,
    "worker": "bootstrap",
    "zone": null
   }
  },
  "request": {
   "lease": "29d080265f1e4e44fcf29de8",
   "result": {
    "counted": 3
   }
  }
 },
 "audit_stock": {
  "answers": {
   "200": {
    "differences": [],
    "ledger_rows": 6,
    "lines": 2,
    "locations": 2,
    "next_cursor": null,
    "zone": "fast"
   }
  }
 },
 "cancel_job": {
  "answers": {
   "200": {
    "agent": "optimizer:pool-0",
    "attempt": 1,
    "best": null,
    "created_at": "2026-11-25T01:09:18.344Z",
    "error": null,
    "finished_at": "2026-11-25T01:09:18.529Z",
    "id": "2026c87a4e2cde7d75d7d398617073d1",
    "incarnation": "",
    "label": "too long",
    "links": {
     "events": "/v1/warehouses/berlin/jobs/2026c87a4e2cde7d75d7d398617073d1/events",
     "self": "/v1/warehouses/berlin/jobs/2026c87a4e2cde7d75d7d398617073d1"
    },
    "problem": "batching",
    "queue": null,
    "started_at": "2026-11-25T01:09:18.440Z",
    "state": "cancelled",
    "version": 5,
    "warehouse": "berlin"
   }
  }
 },
 "cancel_order": {
  "answers": {
   "200": {
    "created_at": "2026-11-25T01:09:08.971Z",
    "id": "O9",
    "lines": [
     {
      "quantity": 1,
      "sku": "pear"
     }
    ],
    "priority": 5,
    "status": "cancelled",
    "updated_at": "2026-11-25T01:09:09.008Z",
    "version": 2
   }
  }
 },
 "cancel_task": {
  "answers": {
   "200": {
    "attempt": 0,
    "created_at": "2026-11-25T01:09:18.799Z",
    "due_at": null,
    "finished_at": "2026-11-25T01:09:19.941Z",
    "id": "count.3",
    "lease_until": null,
    "leased_at": "2026-11-25T01:09:19.053Z",
    "max_attempts": 5,
    "not_before": null,
    "owner": "",
    "payload": {},
    "priority": 3,
    "reason": null,
    "result": null,
    "skills": [],
    "state": "cancelled",
    "type": "count",
    "version": 5,
    "worker": "bootstrap",
    "zone": null
   }
  }
 },
 "change_stock_line": {
  "answers": {
   "200": {
    "available": 49,
    "location": "A01-L-001-1",
    "posting": 3,
    "quantity": 51,
    "reserved": 2,
    "sku": "apple",
    "version": 4
   }
  },
  "request": {
   "delta": -1,
   "op": "adjust",
   "reference": "damaged"
  }
 },
 "create_import": {
  "answers": {
   "201": {
    "created_at": "2026-11-25T01:09:21.671Z",
    "dry_run": false,
    "id": "im-cf683154b697da49a2aee80e",
    "kind": "order_lines",
    "lines": 1,
    "orders": 1,
    "quarantine": [],
    "quarantined": 0,
    "rows": 1,
    "upload": "up-1efe23c5e1a095bc0cdca555"
   }
  },
  "request": {
   "upload": "up-1efe23c5e1a095bc0cdca555"
  }
 },
 "create_job": {
  "answers": {
   "202": {
    "agent": "",
    "attempt": 0,
    "best": null,
    "created_at": "2026-11-25T01:09:09.951Z",
    "error": null,
    "finished_at": null,
    "id": "03a81f351812d8664d30937f823cfbcc",
    "incarnation": "",
    "label": "",
    "links": {
     "events": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/events",
     "self": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc"
    },
    "problem": "batching",
    "queue": null,
    "started_at": null,
    "state": "queued",
    "version": 1,
    "warehouse": "berlin"
   }
  },
  "request": {
   "budget": {
    "seconds": 1
   },
   "parameters": {
    "cart": {
     "orders": 2
    }
   },
   "problem": "batching"
  }
 },
 "create_key": {
  "answers": {
   "201": {
    "created_at": "2026-11-25T01:09:07Z",
    "expires_at": null,
    "id": "fzz1DYG4GKKU",
    "key": "smx_default_…",
    "last_used_at": null,
    "name": "wall display",
    "replaced_by": null,
    "revoked_at": null,
    "role": "viewer",
    "tenant": "default",
    "warehouses": [
     "berlin"
    ]
   }
  },
  "request": {
   "name": "wall display",
   "role": "viewer",
   "warehouses": [
    "berlin"
   ]
  }
 },
 "create_session": {
  "answers": {
   "201": {
    "csrf_token": "81da8f5d19af20f724808cd742e604da9ae0b114ff3920dbb22781cf17a3c2fe",
    "expires_at": "2026-11-25T13:09:07Z",
    "role": "operator",
    "subject": "key:QVx8rIXrknvJ",
    "tenant": "default",
    "warehouses": null
   }
  },
  "request": {
   "api_key": "smx_default_…"
  }
 },
 "create_transfer": {
  "answers": {
   "201": {
    "attempts": 1,
    "created_at": "2026-11-25T01:09:09.600Z",
    "from_zone": "fast",
    "id": "t-86040f13a3228f528607d1b6",
    "lines": 1,
    "problem": null,
    "quantity": 4,
    "state": "completed",
    "to_zone": "bulk",
    "updated_at": "2026-11-25T01:09:09.648Z"
   }
  },
  "request": {
   "lines": [
    {
     "location": "A01-L-001-1",
     "quantity": 4,
     "sku": "apple",
     "to": "A03-L-001-1"
    }
   ],
   "to_zone": "bulk"
  }
 },
 "create_upload": {
  "answers": {
   "201": {
    "bytes": 33,
    "created_at": "2026-11-25T01:09:20.096Z",
    "id": "up-1efe23c5e1a095bc0cdca555",
    "media_type": "text/csv",
    "sha256": "afe0000340979f04e6e7302215518c1b7ab7afcaf54f282e8a3790563d8947c8"
   }
  },
  "request": "order_id,sku,quantity\nO7,apple,1\n"
 },
 "create_warehouse": {
  "answers": {
   "200": {
    "created_at": "2026-11-25T01:09:08.126Z",
    "id": "berlin",
    "in_transit_quantity": 0,
    "items": 3,
    "layout_type": "parametric",
    "locations": 40,
    "name": "Berlin",
    "order_lines_open": 0,
    "orders_open": 0,
    "ready": true,
    "reserved_quantity": 0,
    "sequence": 3,
    "stock_lines": 3,
    "stock_quantity": 120,
    "updated_at": "2026-11-25T01:09:08.304Z",
    "version": 1,
    "zones": [
     "bulk",
     "fast"
    ]
   },
   "201": {
    "created_at": "2026-11-25T01:09:08.126Z",
    "id": "berlin",
    "in_transit_quantity": 0,
    "items": 3,
    "layout_type": "parametric",
    "locations": 40,
    "name": "Berlin",
    "order_lines_open": 0,
    "orders_open": 0,
    "ready": true,
    "reserved_quantity": 0,
    "sequence": 3,
    "stock_lines": 3,
    "stock_quantity": 120,
    "updated_at": "2026-11-25T01:09:08.304Z",
    "version": 1,
    "zones": [
     "bulk",
     "fast"
    ]
   }
  },
  "request": {
   "id": "berlin",
   "items": [
    {
     "sku": "apple",
     "weight_g": 100
    },
    {
     "sku": "pear",
     "weight_g": 100
    },
    {
     "sku": "plum",
     "weight_g": 100
    }
   ],
   "layout": {
    "aisles": 4,
    "bays_per_block": 5,
    "type": "parametric",
    "zones": [
     {
      "first_aisle": 0,
      "id": "fast",
      "last_aisle": 1
     },
     {
      "first_aisle": 2,
      "id": "bulk",
      "last_aisle": 3
     }
    ]
   },
   "name": "Berlin",
   "stock": [
    {
     "location": "A01-L-001-1",
     "quantity": 40,
     "sku": "apple"
    },
    {
     "location": "A02-R-003-1",
     "quantity": 40,
     "sku": "pear"
    },
    {
     "location": "A03-L-005-1",
     "quantity": 40,
     "sku": "plum"
    }
   ]
  }
 },
 "create_webhook": {
  "answers": {
   "201": {
    "active": true,
    "created_at": "2026-11-25T01:09:07.929Z",
    "dead": 0,
    "delivered": 0,
    "failing": 0,
    "id": "wh_2be5c2199239928036db1b53",
    "label": "",
    "last_attempt_at": null,
    "last_error": "",
    "last_status": null,
    "secret": "whsec_…",
    "types": [
     "orders"
    ],
    "url": "https://erp.example.com/storemax",
    "warehouses": [],
    "zones": []
   }
  },
  "request": {
   "types": [
    "orders"
   ],
   "url": "https://erp.example.com/storemax"
  }
 },
 "current_session": {
  "answers": {
   "200": {
    "csrf_token": "81da8f5d19af20f724808cd742e604da9ae0b114ff3920dbb22781cf17a3c2fe",
    "expires_at": "2026-11-25T13:09:07Z",
    "role": "operator",
    "subject": "key:QVx8rIXrknvJ",
    "tenant": "default",
    "warehouses": null
   }
  }
 },
 "delete_webhook": {
  "answers": {}
 },
 "end_session": {
  "answers": {}
 },
 "enqueue_tasks": {
  "answers": {
   "200": {
    "created": 4,
    "known": 0
   }
  },
  "request": {
   "tasks": [
    {
     "id": "count.1",
     "priority": 1,
     "type": "count"
    },
    {
     "id": "count.2",
     "priority": 2,
     "type": "count"
    },
    {
     "id": "count.3",
     "priority": 3,
     "type": "count"
    },
    {
     "id": "count.4",
     "priority": 4,
     "type": "count"
    }
   ]
  }
 },
 "get_alerts": {
  "answers": {
   "200": {
    "delivery": {
     "last_attempt_at": null,
     "waiting": 0
    },
    "evaluated_at": null,
    "repeat_s": 3600,
    "rules": [
     {
      "above": 0.01,
      "for_s": 60,
      "minimum_requests": 20,
      "name": "errors",
      "queue": "",
      "route": "",
      "severity": "critical",
      "signal": "error_rate",
      "since": null,
      "state": "ok",
      "told_at": null,
      "value": null,
      "window_s": 300
     },
     {
      "above": 60.0,
      "for_s": 0,
      "minimum_requests": 20,
      "name": "solver-queue",
      "queue": "optimizer",
      "route": "",
      "severity": "warning",
      "signal": "queue_age",
      "since": null,
      "state": "ok",
      "told_at": null,
      "value": null,
      "window_s": 300
     }
    ],
    "webhook": "https://alerts.example.com/storemax"
   }
  }
 },
 "get_archive_file": {
  "answers": {
   "200": "{\"sequence\":1,\"id\":\"berlin-1\",\"type\":\"warehouse.created\",\"zone\":\"\",\"at\":\"2026-11-25T01:09:08.126Z\",\"data\":{\"id\":\"berlin\",\"name\":\"Berlin\",\"locations\":40}}\n{\"sequence\":2,\"id\":\"berlin-2\",\"type\":\"stock.opened\",\"zone\":\"bulk\",\"at\":\"2026-11-25T01:09:08.296Z\",\"data\":{\"posting\":1,\"lines\":[{\"location\":\"A03-L-005-1\",\"sku\":\"plum\",\"delta\":40,\"reserved_delta\":0,\"quantity\":40,\"reserved\":0,\"version\":1,\"reference\":\"initial\"}]}}\n{\"sequence\":3,\"id\":\"berlin-3\",\"type\":\"stock.opened\",\"zone\":\"fast\",\"at\":\"2026-11-25T01:09:08.304Z\",\"data\":{\"posting\":1,\"lines\":[{\"location\":\"A01-L-001-1\",\"sku\":\"apple\",\"delta\":40,\"reserv"
  }
 },
 "get_best": {
  "answers": {
   "200": {
    "attempt": 1,
    "bound": 36.0,
    "elapsed_s": 0.5226,
    "final": true,
    "objective": 36.0,
    "problem": "batching",
    "sense": "min",
    "solution": {
     "baseline_distance_m": 52.0,
     "batches": [
      {
       "distance_m": 34.0,
       "finish_s": null,
       "id": "B001",
       "items": 7,
       "nodes": [],
       "orders": [
        "O1",
        "O3"
       ],
       "path": [
        [
         0.0,
         0.0
        ],
        [
         0.0,
         1.0
        ]
       ],
       "picker": null,
       "seconds": 34.0,
       "start_s": null,
       "stops": [
        {
         "location": "A01-L-001-1",
         "quantity": 2,
         "sku": "apple",
         "x_m": 0.0,
         "y_m": 1.0
        },
        {
         "location": "A03-L-005-1",
         "quantity": 4,
         "sku": "plum",
         "x_m": 10.0,
         "y_m": 5.0
        }
       ],
       "totes": 2,
       "volume_mm3": null,
       "weight_g": null,
       "zone": null
      },
      {
       "distance_m": 2.0,
       "finish_s": null,
       "id": "B002",
       "items": 3,
       "nodes": [],
       "orders": [
        "O2"
       ],
       "path": [
        [
         0.0,
         0.0
        ],
        [
         0.0,
         1.0
        ]
       ],
       "picker": null,
       "seconds": 2.0,
       "start_s": null,
       "stops": [
        {
         "location": "A01-L-001-1",
         "quantity": 3,
         "sku": "apple",
         "x_m": 0.0,
         "y_m": 1.0
        }
       ],
       "totes": 1,
       "volume_mm3": null,
       "weight_g": null,
       "zone": null
      }
     ],
     "distance_m": 36.0,
     "saved_m": 16.0,
     "saved_share": 0.307692,
     "seconds": 36.0
    }
   }
  }
 },
 "get_configuration": {
  "answers": {
   "200": {
    "at": "2026-11-25T01:09:08.126Z",
    "author": "bootstrap",
    "configuration": {
     "name": "Berlin"
    },
    "version": 1
   }
  }
 },
 "get_events": {
  "answers": {
   "200": {
    "head": 9,
    "items": [
     {
      "at": "2026-11-25T01:09:08.126Z",
      "data": {
       "id": "berlin",
       "locations": 40,
       "name": "Berlin"
      },
      "id": "berlin-1",
      "sequence": 1,
      "type": "warehouse.created",
      "zone": ""
     },
     {
      "at": "2026-11-25T01:09:08.296Z",
      "data": {
       "lines": [
        {
         "delta": 40,
         "location": "A03-L-005-1",
         "quantity": 40,
         "reference": "initial",
         "reserved": 0,
         "reserved_delta": 0,
         "sku": "plum",
         "version": 1
        }
       ],
       "posting": 1
      },
      "id": "berlin-2",
      "sequence": 2,
      "type": "stock.opened",
      "zone": "bulk"
     }
    ],
    "next_cursor": 2
   }
  }
 },
 "get_from_agent": {
  "answers": {
   "200": {
    "agent": "sync",
    "incarnation": "4eb566938ebb496c",
    "protocols": [
     1
    ],
    "revision": "unknown",
    "status": "ok",
    "uptime_s": 0.183,
    "version": "0.1.0"
   }
  }
 },
 "get_import": {
  "answers": {
   "200": {
    "created_at": "2026-11-25T01:09:21.671Z",
    "dry_run": false,
    "id": "im-cf683154b697da49a2aee80e",
    "kind": "order_lines",
    "lines": 1,
    "orders": 1,
    "quarantine": [],
    "quarantined": 0,
    "rows": 1,
    "upload": "up-1efe23c5e1a095bc0cdca555"
   }
  }
 },
 "get_job": {
  "answers": {
   "200": {
    "agent": "optimizer:pool-0",
    "attempt": 1,
    "best": {
     "baseline": 52.0,
     "bound": 36.0,
     "elapsed_s": 0.5226,
     "gap": 0.0,
     "incumbents": 1,
     "objective": 36.0,
     "plan": true,
     "sense": "min",
     "unit": "m"
    },
    "created_at": "2026-11-25T01:09:09.951Z",
    "error": null,
    "finished_at": "2026-11-25T01:09:14.828Z",
    "id": "03a81f351812d8664d30937f823cfbcc",
    "incarnation": "77f39cc638b54a36",
    "label": "",
    "links": {
     "best": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/best",
     "events": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/events",
     "report": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/report",
     "result": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/result",
     "result_csv": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/result.csv",
     "self": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc"
    },
    "problem": "batching",
    "queue": null,
    "started_at": "2026-11-25T01:09:10.089Z",
    "state": "succeeded",
    "version": 8,
    "warehouse": "berlin"
   }
  }
 },
 "get_kpi_report": {
  "answers": {
   "200": {
    "end": "2026-11-25T00:00:00Z",
    "kpis": [
     {
      "definition": "lines picked per hour spent on tasks",
      "name": "lines_per_hour",
      "sample": 0,
      "unit": "1/h",
      "value": null
     },
     {
      "definition": "pieces picked per hour spent on tasks",
      "name": "pieces_per_hour",
      "sample": 0,
      "unit": "1/h",
      "value": null
     }
    ],
    "start": "2026-11-24T00:00:00Z"
   }
  }
 },
 "get_layout": {
  "answers": {
   "200": {
    "aisle_pitch_m": 5.0,
    "aisles": 4,
    "bay_width_m": 1.0,
    "bays_per_block": 5,
    "blocks": 1,
    "depot": {
     "aisle": 0,
     "cross_aisle": 0
    },
    "end_gap_m": 1.0,
    "level_height_m": 1.5,
    "levels": 1,
    "location_limits": {},
    "sides": 2,
    "type": "parametric",
    "zones": [
     {
      "attributes": [],
      "first_aisle": 0,
      "id": "fast",
      "last_aisle": 1
     },
     {
      "attributes": [],
      "first_aisle": 2,
      "id": "bulk",
      "last_aisle": 3
     }
    ]
   }
  }
 },
 "get_order": {
  "answers": {
   "200": {
    "created_at": "2026-11-25T01:09:08.867Z",
    "id": "O1",
    "lines": [
     {
      "quantity": 2,
      "sku": "apple"
     },
     {
      "quantity": 1,
      "sku": "pear"
     }
    ],
    "priority": 2,
    "status": "open",
    "updated_at": "2026-11-25T01:09:08.867Z",
    "version": 1
   }
  }
 },
 "get_pick_lists": {
  "answers": {
   "200": "batch,stop,location,sku,quantity,x_m,y_m,batch_distance_m\r\nB001,1,A01-L-001-1,apple,2,0.0,1.0,34.0\r\nB001,2,A03-L-005-1,plum,4,10.0,5.0,34.0\r\nB001,3,A02-R-003-1,pear,1,5.0,3.0,34.0\r\nB002,1,A01-L-001-1,apple,3,0.0,1.0,2.0\r\n"
  }
 },
 "get_report": {
  "answers": {
   "200": "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>berlin: batching 03a81f351812d8664d30937f823cfbcc</title>\n<style>\n:root { color: #1f2933; background: #fff; font: 15px/1.5 system-ui, sans-serif; }\nbody { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\nh1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }\n.quiet { color: #52606d } .figures { display: flex; flex-wrap: wrap"
  }
 },
 "get_result": {
  "answers": {
   "200": {
    "baseline": {
     "method": "first come, first served; S-shape routes",
     "value": 52.0
    },
    "bound": {
     "gap": 0.0,
     "method": "set partitioning over every batch that fits on the cart (linear program or branch and bound, HiGHS)",
     "reason": "",
     "value": 36.0
    },
    "elapsed_s": 0.5226,
    "input_hash": "c5b8f74724b4414c27f3180936ca323fe7c486d2ffc6f68173d7fee39c4f61d7",
    "iterations": 764000,
    "notes": [],
    "objective": {
     "parts": {
      "walking": 36.0
     },
     "sense": "min",
     "unit": "m",
     "value": 36.0
    },
    "problem": "batching",
    "seed": 1,
    "solution": {
     "baseline_distance_m": 52.0,
     "batches": [
      {
       "distance_m": 34.0,
       "finish_s": null,
       "id": "B001",
       "items": 7,
       "nodes": [],
       "orders": [
        "O1",
        "O3"
       ],
       "path": [
        [
         0.0,
         0.0
        ],
        [
         0.0,
         1.0
        ]
       ],
       "picker": null,
       "seconds": 34.0,
       "start_s": null,
       "stops": [
        {
         "location": "A01-L-001-1",
         "quantity": 2,
         "sku": "apple",
         "x_m": 0.0,
         "y_m": 1.0
        },
        {
         "location": "A03-L-005-1",
         "quantity": 4,
         "sku": "plum",
         "x_m": 10.0,
         "y_m": 5.0
        }
       ],
       "totes": 2,
       "volume_mm3": null,
       "weight_g": null,
       "zone": null
      },
      {
       "distance_m": 2.0,
       "finish_s": null,
       "id": "B002",
       "items": 3,
       "nodes": [],
       "orders": [
        "O2"
       ],
       "path": [
        [
         0.0,
         0.0
        ],
        [
         0.0,
         1.0
        ]
       ],
       "picker": null,
       "seconds": 2.0,
       "start_s": null,
       "stops": [
        {
         "location": "A01-L-001-1",
         "quantity": 3,
         "sku": "apple",
         "x_m": 0.0,
         "y_m": 1.0
        }
       ],
       "totes": 1,
       "volume_mm3": null,
       "weight_g": null,
       "zone": null
      }
     ],
     "distance_m": 36.0,
     "saved_m": 16.0,
     "saved_share": 0.307692,
     "seconds": 36.0
    },
    "status": "optimal",
    "stopped_by": "optimal",
    "unassigned": [],
    "versions": {
     "batching": "2",
     "numba": "0.68.1",
     "numpy": "2.4.6",
     "python": "3.11.7",
     "scipy": "1.17.1"
    }
   }
  }
 },
 "get_stock_line": {
  "answers": {
   "200": {
    "available": 50,
    "location": "A01-L-001-1",
    "quantity": 52,
    "reserved": 2,
    "sku": "apple",
    "updated_at": "2026-11-25T01:09:09.333Z",
    "version": 3,
    "zone": "fast"
   }
  }
 },
 "get_task": {
  "answers": {
   "200": {
    "attempt": 1,
    "created_at": "2026-11-25T01:09:18.799Z",
    "due_at": null,
    "finished_at": null,
    "id": "count.1",
    "lease_until": "2026-11-25T01:14:19.201Z",
    "leased_at": "2026-11-25T01:09:19.053Z",
    "max_attempts": 5,
    "not_before": null,
    "owner": "",
    "payload": {},
    "priority": 1,
    "reason": null,
    "result": null,
    "skills": [],
    "state": "leased",
    "type": "count",
    "version": 3,
    "worker": "bootstrap",
    "zone": null
   }
  }
 },
 "get_transfer": {
  "answers": {
   "200": {
    "attempts": 1,
    "created_at": "2026-11-25T01:09:09.600Z",
    "from_zone": "fast",
    "id": "t-86040f13a3228f528607d1b6",
    "lines": 1,
    "problem": null,
    "quantity": 4,
    "state": "completed",
    "to_zone": "bulk",
    "updated_at": "2026-11-25T01:09:09.648Z"
   }
  }
 },
 "get_upload": {
  "answers": {
   "200": {
    "bytes": 33,
    "created_at": "2026-11-25T01:09:20.096Z",
    "id": "up-1efe23c5e1a095bc0cdca555",
    "media_type": "text/csv",
    "sha256": "afe0000340979f04e6e7302215518c1b7ab7afcaf54f282e8a3790563d8947c8"
   }
  }
 },
 "get_warehouse": {
  "answers": {
   "200": {
    "created_at": "2026-11-25T01:09:08.126Z",
    "id": "berlin",
    "in_transit_quantity": 0,
    "items": 3,
    "layout_type": "parametric",
    "locations": 40,
    "name": "Berlin",
    "order_lines_open": 0,
    "orders_open": 0,
    "ready": true,
    "reserved_quantity": 0,
    "sequence": 3,
    "stock_lines": 3,
    "stock_quantity": 120,
    "updated_at": "2026-11-25T01:09:08.304Z",
    "version": 1,
    "zones": [
     "bulk",
     "fast"
    ]
   }
  }
 },
 "get_webhook": {
  "answers": {
   "200": {
    "active": true,
    "created_at": "2026-11-25T01:09:07.929Z",
    "dead": 0,
    "delivered": 0,
    "failing": 0,
    "id": "wh_2be5c2199239928036db1b53",
    "label": "",
    "last_attempt_at": null,
    "last_error": "",
    "last_status": null,
    "types": [
     "orders"
    ],
    "url": "https://erp.example.com/storemax",
    "warehouses": [],
    "zones": []
   }
  }
 },
 "get_zone": {
  "answers": {
   "200": {
    "allow_negative": false,
    "id": "fast",
    "in_transit_quantity": 0,
    "ledger": 2,
    "locations": 20,
    "reserved_quantity": 0,
    "stock_lines": 2,
    "stock_quantity": 80
   }
  }
 },
 "health": {
  "answers": {
   "200": {
    "status": "ok"
   }
  }
 },
 "health_report": {
  "answers": {
   "200": {
    "circuits": {
     "ACCESS_REGISTRY": {
      "calls": 7,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "AGENT_FLEET": {
      "calls": 15,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "ARCHIVE": {
      "calls": 15,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "CACHE": {
      "calls": 4,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "OPTIMIZATION_JOB": {
      "calls": 42,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "RATE_LIMITER": {
      "calls": 23,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "TASK_QUEUE": {
      "calls": 21,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "TELEMETRY": {
      "calls": 11,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "WAREHOUSE_DIRECTORY": {
      "calls": 3,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "WAREHOUSE_STATE": {
      "calls": 87,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "WAREHOUSE_ZONE": {
      "calls": 11,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "WEBHOOKS": {
      "calls": 8,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "agent:optimizer": {
      "calls": 3,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "agent:sync": {
      "calls": 2,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     },
     "agent:warehouse-manager": {
      "calls": 4,
      "failure_rate": 0.0,
      "failures": 0,
      "half_open": 0,
      "open": 0,
      "refused": 0,
      "repeats": 0,
      "state": "closed"
     }
    },
    "cron": {
     "alerts": {
      "age_s": 1.6,
      "seconds": 0.128,
      "status": "ok"
     },
     "last-copies": {
      "age_s": 1.6,
      "seconds": 0.274,
      "status": "ok"
     },
     "measure": {
      "age_s": 1.6,
      "seconds": 0.146,
      "status": "ok"
     },
     "minimum-instances": {
      "age_s": 1.6,
      "seconds": 0.116,
      "status": "ok"
     },
     "reports": {
      "age_s": 1.6,
      "seconds": 0.294,
      "status": "ok"
     },
     "sweep-sessions": {
      "age_s": 1.6,
      "seconds": 0.152,
      "status": "ok"
     },
     "sweep-uploads": {
      "age_s": 1.6,
      "seconds": 0.149,
      "status": "ok"
     }
    },
    "dependencies": {
     "access-registry": {
      "age_s": 0.0,
      "ms": 89.0,
      "status": "ok"
     },
     "agents:optimizer": {
      "age_s": 0.0,
      "ms": 62.0,
      "status": "ok"
     },
     "agents:sync": {
      "age_s": 0.0,
      "ms": 62.0,
      "status": "ok"
     },
     "agents:warehouse-manager": {
      "age_s": 0.0,
      "ms": 62.0,
      "status": "ok"
     },
     "idempotency": {
      "age_s": 0.0,
      "ms": 84.0,
      "status": "ok"
     },
     "kv": {
      "age_s": 0.0,
      "ms": 97.0,
      "status": "ok"
     },
     "r2": {
      "age_s": 0.0,
      "ms": 97.0,
      "status": "ok"
     },
     "rate-limiter": {
      "age_s": 0.0,
      "ms": 77.0,
      "status": "ok"
     },
     "telemetry": {
      "age_s": 0.0,
      "ms": 62.0,
      "status": "ok"
     },
     "warehouse-directory": {
      "age_s": 0.0,
      "ms": 82.0,
      "status": "ok"
     }
    },
    "status": "ok"
   }
  }
 },
 "heartbeat_task": {
  "answers": {
   "200": {
    "attempt": 1,
    "created_at": "2026-11-25T01:09:18.799Z",
    "due_at": null,
    "finished_at": null,
    "id": "count.1",
    "lease_until": "2026-11-25T01:14:19.201Z",
    "leased_at": "2026-11-25T01:09:19.053Z",
    "max_attempts": 5,
    "not_before": null,
    "owner": "",
    "priority": 1,
    "reason": null,
    "skills": [],
    "state": "leased",
    "type": "count",
    "version": 3,
    "worker": "bootstrap",
    "zone": null
   }
  },
  "request": {
   "lease": "29d080265f1e4e44fcf29de8",
   "lease_seconds": 300
  }
 },
 "lease_tasks": {
  "answers": {
   "200": {
    "tasks": [
     {
      "attempt": 1,
      "created_at": "2026-11-25T01:09:18.799Z",
      "due_at": null,
      "finished_at": null,
      "id": "count.1",
      "lease": "29d080265f1e4e44fcf29de8",
      "lease_until": "2026-11-25T01:10:19.053Z",
      "leased_at": "2026-11-25T01:09:19.053Z",
      "max_attempts": 5,
      "not_before": null,
      "owner": "",
      "payload": {},
      "priority": 1,
      "reason": null,
      "result": null,
      "skills": [],
      "state": "leased",
      "type": "count",
      "version": 2,
      "worker": "bootstrap",
      "zone": null
     },
     {
      "attempt": 1,
      "created_at": "2026-11-25T01:09:18.799Z",
      "due_at": null,
      "finished_at": null,
      "id": "count.2",
      "lease": "ed438a1a875651b87e02190f",
      "lease_until": "2026-11-25T01:10:19.053Z",
      "leased_at": "2026-11-25T01:09:19.053Z",
      "max_attempts": 5,
      "not_before": null,
      "owner": "",
      "payload": {},
      "priority": 2,
      "reason": null,
      "result": null,
      "skills": [],
      "state": "leased",
      "type": "count",
      "version": 2,
      "worker": "bootstrap",
      "zone": null
     }
    ]
   }
  },
  "request": {
   "lease_seconds": 60,
   "limit": 3,
   "types": [
    "count"
   ]
  }
 },
 "list_agent_events": {
  "answers": {
   "200": {
    "items": [
     {
      "at": "2026-11-25T01:09:20.381000Z",
      "data": {
       "agent": "sync",
       "exit_code": null,
       "from": "stopped",
       "incarnation": "abc3d9839e964c66",
       "reason": null,
       "session": "default.berlin",
       "to": "running"
      },
      "id": "9026211ad1844175bff9d1bc4962203a",
      "type": "agent.running"
     },
     {
      "at": "2026-11-25T01:09:21.553000Z",
      "data": {
       "agent": "sync",
       "exit_code": null,
       "from": "running",
       "incarnation": "abc3d9839e964c66",
       "reason": null,
       "session": "default.berlin",
       "to": "healthy"
      },
      "id": "0e8e046557ad444fb71ab33f91f69263",
      "type": "agent.healthy"
     }
    ],
    "next_cursor": null
   }
  }
 },
 "list_agents": {
  "answers": {
   "200": {
    "agents": [
     {
      "circuit": {
       "calls": 3,
       "failure_rate": 0.0,
       "failures": 0,
       "half_open": 0,
       "open": 0,
       "refused": 0,
       "repeats": 0,
       "state": "closed"
      },
      "instances": [
       {
        "active": 1795568960.728,
        "breaker": "closed",
        "exit_code": null,
        "failures": 0,
        "incarnation": "77f39cc638b54a36",
        "last_exit": null,
        "load": 0,
        "reason": null,
        "seen": 1795568960.737,
        "session": "pool-0",
        "since": 1795568951.648,
        "started_at": 1795568950.245,
        "status": "healthy"
       }
      ],
      "max_instances": 5,
      "min_instances": 0,
      "occupied": 1,
      "type": "optimizer"
     },
     {
      "circuit": {
       "calls": 2,
       "failure_rate": 0.0,
       "failures": 0,
       "half_open": 0,
       "open": 0,
       "refused": 0,
       "repeats": 0,
       "state": "closed"
      },
      "instances": [
       {
        "active": 1795568961.67,
        "breaker": "closed",
        "exit_code": null,
        "failures": 0,
        "incarnation": "abc3d9839e964c66",
        "last_exit": null,
        "load": 0,
        "reason": null,
        "seen": 1795568961.835,
        "session": "berlin",
        "since": 1795568961.555,
        "started_at": 1795568960.381,
        "status": "healthy"
       },
       {
        "active": 1795568962.641,
        "breaker": "closed",
        "exit_code": null,
        "failures": 0,
        "incarnation": "4eb566938ebb496c",
        "last_exit": null,
        "load": 1,
        "reason": null,
        "seen": 1795568963.496,
        "session": "example",
        "since": 1795568963.487,
        "started_at": 1795568962.654,
        "status": "healthy"
       }
      ],
      "max_instances": 3,
      "min_instances": 0,
      "occupied": 2,
      "type": "sync"
     }
    ]
   }
  }
 },
 "list_archive": {
  "answers": {
   "200": {
    "items": [
     {
      "archived_at": "2026-11-25T01:09:09.475Z",
      "bytes": 300,
      "first": 1,
      "last": 3,
      "name": "000000000001-000000000003.ndjson.gz"
     },
     {
      "archived_at": "2026-11-25T01:09:09.491Z",
      "bytes": 280,
      "first": 4,
      "last": 9,
      "name": "000000000004-000000000009.ndjson.gz"
     }
    ],
    "next_cursor": null
   }
  }
 },
 "list_configurations": {
  "answers": {
   "200": {
    "items": [
     {
      "at": "2026-11-25T01:09:09.230Z",
      "author": "bootstrap",
      "configuration": {
       "labels": {
        "region": "east"
       },
       "name": "Berlin",
       "time_zone": "Europe/Berlin"
      },
      "version": 3
     },
     {
      "at": "2026-11-25T01:09:09.127Z",
      "author": "bootstrap",
      "configuration": {
       "name": "Berlin",
       "time_zone": "Europe/Berlin"
      },
      "version": 2
     }
    ],
    "next_cursor": "WzJd"
   }
  }
 },
 "list_items": {
  "answers": {
   "200": {
    "items": [
     {
      "attributes": [],
      "family": "",
      "name": "",
      "sku": "apple",
      "weight_g": 100
     },
     {
      "attributes": [],
      "family": "",
      "name": "",
      "sku": "pear",
      "weight_g": 100
     }
    ],
    "next_cursor": "WyJwZWFyIl0"
   }
  }
 },
 "list_jobs": {
  "answers": {
   "200": {
    "jobs": [
     {
      "agent": "optimizer:pool-0",
      "attempt": 1,
      "best": {
       "baseline": 52.0,
       "bound": 36.0,
       "elapsed_s": 0.5226,
       "gap": 0.0,
       "incumbents": 1,
       "objective": 36.0,
       "plan": true,
       "sense": "min",
       "unit": "m"
      },
      "created_at": "2026-11-25T01:09:09.951Z",
      "error": null,
      "finished_at": "2026-11-25T01:09:14.828Z",
      "id": "03a81f351812d8664d30937f823cfbcc",
      "incarnation": "77f39cc638b54a36",
      "label": "",
      "links": {
       "best": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/best",
       "events": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/events",
       "result": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/result",
       "result_csv": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc/result.csv",
       "self": "/v1/warehouses/berlin/jobs/03a81f351812d8664d30937f823cfbcc"
      },
      "problem": "batching",
      "queue": null,
      "started_at": "2026-11-25T01:09:10.089Z",
      "state": "succeeded",
      "version": 7,
      "warehouse": "berlin"
     }
    ],
    "next": null
   }
  }
 },
 "list_keys": {
  "answers": {
   "200": {
    "cursor": null,
    "items": [
     {
      "created_at": "2026-11-25T01:09:07Z",
      "expires_at": "2026-11-25T02:09:07Z",
      "id": "fzz1DYG4GKKU",
      "last_used_at": null,
      "name": "wall display",
      "replaced_by": "icRqQfFQQvih",
      "revoked_at": null,
      "role": "viewer",
      "tenant": "default",
      "warehouses": [
       "berlin"
      ]
     },
     {
      "created_at": "2026-11-25T01:09:07Z",
      "expires_at": null,
      "id": "icRqQfFQQvih",
      "last_used_at": null,
      "name": "wall display",
      "replaced_by": null,
      "revoked_at": null,
      "role": "viewer",
      "tenant": "default",
      "warehouses": [
       "berlin"
      ]
     }
    ]
   }
  }
 },
 "list_ledger": {
  "answers": {
   "200": {
    "items": [
     {
      "at": "2026-11-25T01:09:08.304Z",
      "author": "warehouse",
      "delta": 40,
      "line": 0,
      "location": "A01-L-001-1",
      "op": "open",
      "posting": 1,
      "quantity": 40,
      "reference": "initial",
      "reserved": 0,
      "reserved_delta": 0,
      "sequence": 1,
      "sku": "apple",
      "version": 1
     },
     {
      "at": "2026-11-25T01:09:08.304Z",
      "author": "warehouse",
      "delta": 40,
      "line": 1,
      "location": "A02-R-003-1",
      "op": "open",
      "posting": 1,
      "quantity": 40,
      "reference": "initial",
      "reserved": 0,
      "reserved_delta": 0,
      "sequence": 2,
      "sku": "pear",
      "version": 1
     }
    ],
    "next_cursor": "WzJd"
   }
  }
 },
 "list_locations": {
  "answers": {
   "200": {
    "items": [
     {
      "aisle": 0,
      "bay": 0,
      "block": 0,
      "id": "A01-L-001-1",
      "level": 0,
      "limits": {},
      "side": "L",
      "x_m": 0,
      "y_m": 1,
      "z_m": 0,
      "zone": "fast"
     },
     {
      "aisle": 0,
      "bay": 0,
      "block": 0,
      "id": "A01-R-001-1",
      "level": 0,
      "limits": {},
      "side": "R",
      "x_m": 0,
      "y_m": 1,
      "z_m": 0,
      "zone": "fast"
     }
    ],
    "next_cursor": "WzFd"
   }
  }
 },
 "list_orders": {
  "answers": {
   "200": {
    "items": [
     {
      "created_at": "2026-11-25T01:09:08.867Z",
      "id": "O1",
      "lines": [
       {
        "quantity": 2,
        "sku": "apple"
       },
       {
        "quantity": 1,
        "sku": "pear"
       }
      ],
      "priority": 2,
      "status": "open",
      "updated_at": "2026-11-25T01:09:08.867Z",
      "version": 1
     },
     {
      "created_at": "2026-11-25T01:09:08.867Z",
      "due_at": "2100-01-01T10:00:00Z",
      "id": "O2",
      "lines": [
       {
        "quantity": 3,
        "sku": "apple"
       }
      ],
      "priority": 5,
      "status": "open",
      "updated_at": "2026-11-25T01:09:08.867Z",
      "version": 1
     }
    ],
    "next_cursor": "WzJd"
   }
  }
 },
 "list_reports": {
  "answers": {
   "200": {
    "items": [
     {
      "bytes": 1327,
      "name": "2026-11-25T0000Z.json"
     }
    ],
    "next_cursor": null
   }
  }
 },
 "list_stock": {
  "answers": {
   "200": {
    "items": [
     {
      "available": 40,
      "location": "A03-L-005-1",
      "quantity": 40,
      "reserved": 0,
      "sku": "plum",
      "updated_at": "2026-11-25T01:09:08.296Z",
      "version": 1,
      "zone": "bulk"
     },
     {
      "available": 40,
      "location": "A01-L-001-1",
      "quantity": 40,
      "reserved": 0,
      "sku": "apple",
      "updated_at": "2026-11-25T01:09:08.304Z",
      "version": 1,
      "zone": "fast"
     }
    ],
    "next_cursor": "WyJmYXN0IiwiQTAxLUwtMDAxLTEiLCJhcHBsZSJd"
   }
  }
 },
 "list_tasks": {
  "answers": {
   "200": {
    "items": [
     {
      "attempt": 0,
      "created_at": "2026-11-25T01:09:18.150Z",
      "due_at": null,
      "finished_at": null,
      "id": "pick.W7.B001",
      "lease_until": null,
      "leased_at": null,
      "max_attempts": 5,
      "not_before": null,
      "owner": "",
      "priority": 2,
      "reason": null,
      "skills": [],
      "state": "waiting",
      "type": "pick",
      "version": 1,
      "worker": null,
      "zone": null
     },
     {
      "attempt": 0,
      "created_at": "2026-11-25T01:09:18.150Z",
      "due_at": "2100-01-01T10:00:00.000Z",
      "finished_at": null,
      "id": "pick.W7.B002",
      "lease_until": null,
      "leased_at": null,
      "max_attempts": 5,
      "not_before": null,
      "owner": "",
      "priority": 5,
      "reason": null,
      "skills": [],
      "state": "waiting",
      "type": "pick",
      "version": 1,
      "worker": null,
      "zone": null
     }
    ],
    "next_cursor": "WzJd"
   }
  }
 },
 "list_transfers": {
  "answers": {
   "200": {
    "items": [
     {
      "attempts": 1,
      "created_at": "2026-11-25T01:09:09.600Z",
      "from_zone": "fast",
      "id": "t-86040f13a3228f528607d1b6",
      "lines": 1,
      "problem": null,
      "quantity": 4,
      "state": "completed",
      "to_zone": "bulk",
      "updated_at": "2026-11-25T01:09:09.648Z"
     }
    ],
    "next_cursor": null
   }
  }
 },
 "list_warehouses": {
  "answers": {
   "200": {
    "items": [
     {
      "created_at": "2026-11-25T01:09:08.237Z",
      "id": "berlin",
      "name": "Berlin"
     }
    ],
    "next_cursor": null
   }
  }
 },
 "list_webhooks": {
  "answers": {
   "200": {
    "items": [
     {
      "active": true,
      "created_at": "2026-11-25T01:09:07.929Z",
      "dead": 0,
      "delivered": 0,
      "failing": 0,
      "id": "wh_2be5c2199239928036db1b53",
      "label": "",
      "last_attempt_at": null,
      "last_error": "",
      "last_status": null,
      "types": [
       "orders"
      ],
      "url": "https://erp.example.com/storemax",
      "warehouses": [],
      "zones": []
     }
    ],
    "next_cursor": null
   }
  }
 },
 "list_zones": {
  "answers": {
   "200": {
    "items": [
     {
      "id": "bulk",
      "in_transit_quantity": 0,
      "locations": 20,
      "reserved_quantity": 0,
      "stock_lines": 1,
      "stock_quantity": 40
     },
     {
      "id": "fast",
      "in_transit_quantity": 0,
      "locations": 20,
      "reserved_quantity": 0,
      "stock_lines": 2,
      "stock_quantity": 80
     }
    ],
    "next_cursor": null
   }
  }
 },
 "metrics": {
  "answers": {
   "200": "# HELP storemax_requests_total Requests by operation and status; operation none: no such path.\n# TYPE storemax_requests_total counter\nstoremax_requests_total{route=\"ack_task\",status=\"200\"} 1\nstoremax_requests_total{route=\"audit_stock\",status=\"200\"} 1\nstoremax_requests_total{route=\"cancel_job\",status=\"200\"} 1\nstoremax_requests_total{route=\"cancel_order\",status=\"200\"} 1\nstoremax_requests_total{route=\"cancel_task\",status=\"200\"} 1\nstoremax_requests_total{route=\"change_stock_line\",status=\"200\"} 1\nstoremax_requests_total{route=\"create_import\",status=\"201\"} 1\nstoremax_requests_total{route=\"create_job"
  }
 },
 "nack_task": {
  "answers": {
   "200": {
    "attempt": 1,
    "created_at": "2026-11-25T01:09:18.799Z",
    "due_at": null,
    "finished_at": null,
    "id": "count.2",
    "lease_until": null,
    "leased_at": "2026-11-25T01:09:19.053Z",
    "max_attempts": 5,
    "not_before": "2026-11-25T01:09:21.358Z",
    "owner": "",
    "payload": {},
    "priority": 2,
    "reason": "the aisle is blocked",
    "result": null,
    "skills": [],
    "state": "delayed",
    "type": "count",
    "version": 3,
    "worker": "bootstrap",
    "zone": null
   }
  },
  "request": {
   "lease": "ed438a1a875651b87e02190f",
   "reason": "the aisle is blocked"
  }
 },
 "patch_configuration": {
  "answers": {
   "200": {
    "at": "2026-11-25T01:09:09.127Z",
    "author": "bootstrap",
    "configuration": {
     "name": "Berlin",
     "time_zone": "Europe/Berlin"
    },
    "merged": false,
    "version": 2
   }
  },
  "request": {
   "time_zone": "Europe/Berlin"
  }
 },
 "post_stock": {
  "answers": {
   "200": {
    "applied": 2,
    "lines": [
     {
      "quantity": 52,
      "reserved": 0,
      "version": 2
     },
     {
      "quantity": 52,
      "reserved": 2,
      "version": 3
     }
    ],
    "posting": 2,
    "refused": 0
   }
  },
  "request": {
   "lines": [
    {
     "location": "A01-L-001-1",
     "op": "receive",
     "quantity": 12,
     "reference": "delivery-7",
     "sku": "apple"
    },
    {
     "location": "A01-L-001-1",
     "op": "reserve",
     "quantity": 2,
     "reference": "order-1",
     "sku": "apple"
    }
   ]
  }
 },
 "post_to_agent": {
  "answers": {
   "200": "{\"type\":\"orders\",\"orders\":[{\"id\":\"O8\",\"lines\":[{\"sku\":\"apple\",\"quantity\":1}]}]}\n{\"type\":\"summary\",\"orders\":1,\"kind\":\"order_lines\",\"rows_read\":1,\"records\":1,\"lines\":1,\"merged\":0,\"repeated\":0,\"quarantined\":0,\"held\":0,\"orders_held\":0,\"unattributed\":0,\"columns\":{\"order_id\":\"order_id\",\"sku\":\"sku\",\"quantity\":\"quantity\"},\"ignored_columns\":[],\"bytes\":33,\"sha256\":\"5b62e28380a7cc5a13a583dade2bd7d0ddc825454cf660a7a4e7937b6c3e6ed6\",\"cursor\":null,\"dry_run\":false}\n"
  },
  "request": "order_id,sku,quantity\nO8,apple,1\n"
 },
 "put_alerts": {
  "answers": {
   "200": {
    "delivery": {
     "last_attempt_at": null,
     "waiting": 0
    },
    "evaluated_at": null,
    "repeat_s": 3600,
    "rules": [
     {
      "above": 0.01,
      "for_s": 60,
      "minimum_requests": 20,
      "name": "errors",
      "queue": "",
      "route": "",
      "severity": "critical",
      "signal": "error_rate",
      "since": null,
      "state": "ok",
      "told_at": null,
      "value": null,
      "window_s": 300
     },
     {
      "above": 60.0,
      "for_s": 0,
      "minimum_requests": 20,
      "name": "solver-queue",
      "queue": "optimizer",
      "route": "",
      "severity": "warning",
      "signal": "queue_age",
      "since": null,
      "state": "ok",
      "told_at": null,
      "value": null,
      "window_s": 300
     }
    ],
    "secret": "whsec_…",
    "webhook": "https://alerts.example.com/storemax"
   }
  },
  "request": {
   "rules": [
    {
     "above": 0.01,
     "for_s": 60,
     "name": "errors",
     "severity": "critical",
     "signal": "error_rate",
     "window_s": 300
    },
    {
     "above": 60,
     "name": "solver-queue",
     "queue": "optimizer",
     "signal": "queue_age"
    }
   ],
   "webhook": "https://alerts.example.com/storemax"
  }
 },
 "put_configuration": {
  "answers": {
   "200": {
    "at": "2026-11-25T01:09:09.230Z",
    "author": "bootstrap",
    "configuration": {
     "labels": {
      "region": "east"
     },
     "name": "Berlin",
     "time_zone": "Europe/Berlin"
    },
    "merged": false,
    "version": 3
   }
  },
  "request": {
   "labels": {
    "region": "east"
   },
   "name": "Berlin",
   "time_zone": "Europe/Berlin"
  }
 },
 "put_items": {
  "answers": {
   "200": {
    "created": 1,
    "unchanged": 0,
    "updated": 0
   }
  },
  "request": {
   "items": [
    {
     "gtin": "04012345123456",
     "sku": "cherry",
     "weight_g": 8
    }
   ]
  }
 },
 "put_orders": {
  "answers": {
   "200": {
    "created": 3,
    "unchanged": 0,
    "updated": 0
   }
  },
  "request": {
   "orders": [
    {
     "id": "O1",
     "lines": [
      {
       "quantity": 2,
       "sku": "apple"
      },
      {
       "quantity": 1,
       "sku": "pear"
      }
     ],
     "priority": 2
    },
    {
     "due_at": "2100-01-01T10:00:00Z",
     "id": "O2",
     "lines": [
      {
       "quantity": 3,
       "sku": "apple"
      }
     ]
    },
    {
     "id": "O3",
     "lines": [
      {
       "quantity": 4,
       "sku": "plum"
      }
     ]
    }
   ]
  }
 },
 "release_wave": {
  "answers": {
   "200": {
    "created": 0,
    "distance_m": 36.0,
    "expected_seconds": 36.0,
    "job": "03a81f351812d8664d30937f823cfbcc",
    "known": 2,
    "left_out": [],
    "orders": 3,
    "pieces": 10,
    "tasks": [
     {
      "due_at": null,
      "id": "pick.W7.B001",
      "not_before": "2026-01-01T06:00:00Z",
      "payload": {
       "batch": "B001",
       "distance_m": 34.0,
       "expected_seconds": 34.0,
       "lines": [
        {
         "allocations": [
          {
           "order": "O1",
           "quantity": 2
          }
         ],
         "location": "A01-L-001-1",
         "quantity": 2,
         "sequence": 1,
         "sku": "apple"
        },
        {
         "allocations": [
          {
           "order": "O3",
           "quantity": 4
          }
         ],
         "location": "A03-L-005-1",
         "quantity": 4,
         "sequence": 2,
         "sku": "plum"
        }
       ],
       "orders": [
        "O1",
        "O3"
       ],
       "picker": null,
       "wave": "W7"
      },
      "priority": 2,
      "type": "pick",
      "zone": null
     },
     {
      "due_at": "2100-01-01T10:00:00Z",
      "id": "pick.W7.B002",
      "not_before": "2026-01-01T06:00:00Z",
      "payload": {
       "batch": "B002",
       "distance_m": 2.0,
       "expected_seconds": 2.0,
       "lines": [
        {
         "allocations": [
          {
           "order": "O2",
           "quantity": 3
          }
         ],
         "location": "A01-L-001-1",
         "quantity": 3,
         "sequence": 1,
         "sku": "apple"
        }
       ],
       "orders": [
        "O2"
       ],
       "picker": null,
       "wave": "W7"
      },
      "priority": 5,
      "type": "pick",
      "zone": null
     }
    ],
    "wave": "W7"
   },
   "201": {
    "created": 2,
    "distance_m": 36.0,
    "expected_seconds": 36.0,
    "job": "03a81f351812d8664d30937f823cfbcc",
    "known": 0,
    "left_out": [],
    "orders": 3,
    "pieces": 10,
    "tasks": [
     {
      "due_at": null,
      "id": "pick.W7.B001",
      "not_before": "2026-01-01T06:00:00Z",
      "payload": {
       "batch": "B001",
       "distance_m": 34.0,
       "expected_seconds": 34.0,
       "lines": [
        {
         "allocations": [
          {
           "order": "O1",
           "quantity": 2
          }
         ],
         "location": "A01-L-001-1",
         "quantity": 2,
         "sequence": 1,
         "sku": "apple"
        },
        {
         "allocations": [
          {
           "order": "O3",
           "quantity": 4
          }
         ],
         "location": "A03-L-005-1",
         "quantity": 4,
         "sequence": 2,
         "sku": "plum"
        }
       ],
       "orders": [
        "O1",
        "O3"
       ],
       "picker": null,
       "wave": "W7"
      },
      "priority": 2,
      "type": "pick",
      "zone": null
     },
     {
      "due_at": "2100-01-01T10:00:00Z",
      "id": "pick.W7.B002",
      "not_before": "2026-01-01T06:00:00Z",
      "payload": {
       "batch": "B002",
       "distance_m": 2.0,
       "expected_seconds": 2.0,
       "lines": [
        {
         "allocations": [
          {
           "order": "O2",
           "quantity": 3
          }
         ],
         "location": "A01-L-001-1",
         "quantity": 3,
         "sequence": 1,
         "sku": "apple"
        }
       ],
       "orders": [
        "O2"
       ],
       "picker": null,
       "wave": "W7"
      },
      "priority": 5,
      "type": "pick",
      "zone": null
     }
    ],
    "wave": "W7"
   }
  },
  "request": {
   "job": "03a81f351812d8664d30937f823cfbcc",
   "release_at": "2026-01-01T06:00:00Z",
   "wave": "W7"
  }
 },
 "replay_tasks": {
  "answers": {
   "200": {
    "replayed": 1,
    "skipped": 0
   }
  },
  "request": {
   "tasks": [
    "count.3"
   ]
  }
 },
 "revoke_key": {
  "answers": {
   "200": {
    "created_at": "2026-11-25T01:09:07Z",
    "expires_at": null,
    "id": "icRqQfFQQvih",
    "last_used_at": null,
    "name": "wall display",
    "replaced_by": null,
    "revoked_at": "2026-11-25T01:09:07Z",
    "role": "viewer",
    "tenant": "default",
    "warehouses": [
     "berlin"
    ]
   }
  }
 },
 "rotate_key": {
  "answers": {
   "201": {
    "created_at": "2026-11-25T01:09:07Z",
    "expires_at": null,
    "id": "icRqQfFQQvih",
    "key": "smx_default_…",
    "last_used_at": null,
    "name": "wall display",
    "replaced_by": null,
    "revoked_at": null,
    "role": "viewer",
    "tenant": "default",
    "warehouses": [
     "berlin"
    ]
   }
  },
  "request": {
   "overlap_s": 3600
  }
 },
 "stop_session": {
  "answers": {
   "202": {
    "agent": "sync",
    "session": "example",
    "status": "stopping"
   }
  }
 },
 "task_statistics": {
  "answers": {
   "200": {
    "cancelled": 0,
    "dead": 0,
    "delayed": 0,
    "done": 0,
    "done_last_hour": 0,
    "done_last_minute": 0,
    "enqueued_last_hour": 6,
    "failed_last_hour": 0,
    "leased": 0,
    "mean_wait_seconds": null,
    "mean_work_seconds": null,
    "next_delayed_at": null,
    "oldest_waiting_seconds": 0.833,
    "waiting": 6
   }
  }
 },
 "try_alerts": {
  "answers": {
   "200": {
    "error": "Error: internal error; reference = 622h4n388pfsjhflnrgujmqm",
    "ok": false,
    "status": null
   }
  }
 },
 "whoami": {
  "answers": {
   "200": {
    "role": "admin",
    "subject": "bootstrap",
    "tenant": "default",
    "via": "bootstrap",
    "warehouses": null
   }
  }
 }
}
"""
