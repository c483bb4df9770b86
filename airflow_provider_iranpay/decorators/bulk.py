"""``@task.bulk_inquiry``: a function returns a data frame, and each of its rows is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, task_decorator_factory

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.operators.bulk import BaseTableInquiry

if TYPE_CHECKING:
    from airflow_provider_iranpay.bulk.sources import Source
    from airflow_provider_iranpay.warehouse.engine import Warehouse

__all__ = ["bulk_inquiry"]


class _DecoratedBulkInquiry(DecoratedOperator, BaseTableInquiry):
    """Asks an inquiry for each row of the frame that a function returns."""

    custom_operator_name = "@task.bulk_inquiry"
    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *BaseTableInquiry.template_fields)

    def _source(self, context: Context, stack: ExitStack, warehouse: Warehouse) -> Source:  # noqa: ARG002
        import pandas as pd

        from airflow_provider_iranpay.bulk.sources import FrameSource

        given = self.determine_kwargs({**context, **self.op_kwargs})
        frame = self.python_callable(*self.op_args, **given)
        if not isinstance(frame, pd.DataFrame):
            raise InvalidInput(
                "return value",
                "type",
                f"The function returned a {type(frame).__name__}. Return a pandas DataFrame, a row for each question.",
            )
        return FrameSource(frame)


def bulk_inquiry(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function that returns a pandas DataFrame; its rows never reach XCom.

    What the function is called with is stored and shown by Airflow: let it read personal data by itself.

    :param kwargs: those of :class:`~airflow_provider_iranpay.operators.bulk.BaseTableInquiry`.
    """
    return task_decorator_factory(python_callable, decorated_operator_class=_DecoratedBulkInquiry, **kwargs)
