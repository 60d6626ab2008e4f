"""The HTTP API, version 1."""

from fastapi import APIRouter

from api.v1 import reading, recording

router = APIRouter()
router.include_router(reading.router)
router.include_router(recording.router)
